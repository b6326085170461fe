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

  it('keeps a bounded number of addresses', () => {
    const delays = new FailureDelays(3);
    for (let i = 0; i < 10; i++) delays.next(`a${i}`, 0);
    expect(delays.size).toBe(3);
  });
});
