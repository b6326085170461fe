import { seeded } from '../support/random.js';
import { isGrowing, type Sample, trendOf } from './trend.js';

const random = seeded(7);
/** A sample every five seconds, for 20 minutes. */
const samples = (valueAt: (minute: number) => number): Sample[] =>
  Array.from({ length: 240 }, (_, i) => ({ at: i / 12, value: valueAt(i / 12) }));
/** As a collected heap looks: it rises and falls between 90 and 110. */
const heap = (): number => 90 + 20 * random();

it('is flat where values only rise and fall', () => {
  const trend = trendOf(samples(heap));
  expect(isGrowing(trend, 0.05)).toBe(false);
  expect(Math.abs(trend.growth)).toBeLessThan(5);
});

it('finds a leak below the noise of a single sample', () => {
  const trend = trendOf(samples((minute) => heap() + minute));
  expect(trend.growth).toBeGreaterThan(15);
  expect(isGrowing(trend, 0.05)).toBe(true);
});

it('is not bent by a few odd samples', () => {
  const odd = samples((minute) => (minute > 19 ? 1_000 : 100));
  expect(trendOf(odd).growth).toBe(0);
});

it('lets pass what is too little to matter', () => {
  expect(isGrowing(trendOf(samples((minute) => 100 + 0.1 * minute)), 0.05)).toBe(false);
  expect(isGrowing(trendOf(samples((minute) => 100 + minute)), 0.05)).toBe(true);
});

it('takes a count that must not grow at all', () => {
  expect(isGrowing(trendOf(samples(() => 500)), 0)).toBe(false);
  expect(isGrowing(trendOf(samples((minute) => 500 + Math.floor(minute))), 0)).toBe(true);
});

it('has nothing to say of nothing', () => {
  expect(trendOf([])).toEqual({ growth: 0, noise: 0, median: 0 });
});
