import { FailureDelays } from './failure-delays.js';

describe('FailureDelays', () => {
  it('lets a few failures pass, then delays more and more, up to a bound', () => {
    const delays = new FailureDelays();
    const all = Array.from({ length: 20 }, () => delays.next('a', 0));
    expect(all.slice(0, 9)).toEqual([0, 0, 0, 0, 0, 200, 400, 800, 1600]);
    expect(Math.max(...all)).toBe(5000);
    expect(delays.next('b', 0)).toBe(0);
  });

  it('forgets with time', () => {
    const delays = new FailureDelays();
    for (let i = 0; i < 8; i++) delays.next('a', 0);
    expect(delays.next('a', 60_000)).toBe(0);
  });

  it('lets every attempt wait before it is looked at, once there were many failures', () => {
    const delays = new FailureDelays();
    for (let i = 0; i < 30; i++) delays.next('a', 0);
    expect(delays.before('a', 0)).toBe(0);
    for (let i = 0; i < 10; i++) delays.next('a', 0);
    expect(delays.before('a', 0)).toBe(5000);
    expect(delays.before('b', 0)).toBe(0);
    expect(delays.before('a', 60_000)).toBe(0);
  });

  it('counts all addresses of a block together', () => {
    const delays = new FailureDelays((address) => address.slice(0, 9));
    for (let i = 0; i < 5; i++) delays.next(`2001:db8:${i}`, 0);
    expect(delays.next('2001:db8:f', 0)).toBe(200);
    expect(delays.size).toBe(1);
  });

  it('keeps a bounded number of addresses', () => {
    const delays = new FailureDelays(undefined, 3);
    for (let i = 0; i < 10; i++) delays.next(`a${i}`, 0);
    expect(delays.size).toBe(3);
  });
});
