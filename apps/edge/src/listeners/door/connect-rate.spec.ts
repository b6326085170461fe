import { ConnectRate } from './connect-rate.js';

let now: number;
const clock = () => now;
beforeEach(() => (now = 1_000_000));

const takes = (rate: ConnectRate, address: string, attempts: number): number =>
  Array.from({ length: attempts }, () => rate.take(address)).filter(Boolean).length;

it('lets ten seconds’ worth in at once, and then the rate', () => {
  const rate = new ConnectRate(5, clock);
  expect(takes(rate, 'a', 100)).toBe(50);
  now += 1_000;
  expect(takes(rate, 'a', 100)).toBe(5);
  now += 200;
  expect(takes(rate, 'a', 100)).toBe(1);
  now += 60_000;
  expect(takes(rate, 'a', 100)).toBe(50);
});

it('counts each address by itself', () => {
  const rate = new ConnectRate(1, clock);
  expect(takes(rate, 'a', 20)).toBe(10);
  expect(takes(rate, 'b', 20)).toBe(10);
});

it('does not forget a bucket that is not full again', () => {
  const rate = new ConnectRate(2, clock);
  expect(takes(rate, 'a', 100)).toBe(20);
  for (let second = 1; second <= 40; second++) {
    now += 1_000;
    rate.take(`other-${second}`);
    expect(takes(rate, 'a', 100)).toBe(2);
  }
});

it('keeps a bounded number of addresses, and none that has not come for twenty seconds', () => {
  const rate = new ConnectRate(1, clock, 1_000);
  for (let i = 0; i < 50_000; i++) {
    rate.take(`address-${i}`);
    expect(rate.size).toBeLessThanOrEqual(2_000);
  }
  now += 20_000;
  rate.take('a');
  now += 10_000;
  rate.take('a');
  expect(rate.size).toBeLessThanOrEqual(2);
});
