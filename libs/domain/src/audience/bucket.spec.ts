import { BUCKET_COUNT, bucketOf, isInBucket } from './bucket.js';
import { parseAudience } from './parse-audience.js';
import { printAudience } from './text/print-audience.js';

it('spreads devices evenly, otherwise under another salt, and the same for ever', () => {
  const ids = Array.from({ length: 20_000 }, (_, i) => `device-${i}`);
  const tenths = (salt: string): number[] => {
    const counts = Array.from({ length: 10 }, () => 0);
    for (const id of ids) counts[Math.floor((bucketOf(salt, id) * 10) / BUCKET_COUNT)]!++;
    return counts;
  };
  for (const salt of ['a', 'b', '01jd8r2m6w3v5q9t7x4c2b1n0k'])
    for (const count of tenths(salt)) expect(Math.abs(count - 2_000)).toBeLessThan(200);
  const both = ids.filter((id) => bucketOf('a', id) < 5_000 && bucketOf('b', id) < 5_000);
  expect(Math.abs(both.length - 5_000)).toBeLessThan(300);
  expect(['phone-1', 'phone-2', 'tablet'].map((id) => bucketOf('spring', id))).toEqual([4326, 9065, 5225]);
});

it('is within its bounds, the upper one not included', () => {
  const bucket = bucketOf('s', 'd');
  expect(isInBucket({ salt: 's', from: bucket, to: bucket + 1 }, 'd')).toBe(true);
  expect(isInBucket({ salt: 's', from: 0, to: bucket }, 'd')).toBe(false);
});

it('is a term of audiences, as JSON and as a text', () => {
  const text = 'tag:tea and bucket(spring, 0, 2500)';
  const audience = parseAudience(text);
  expect(audience).toEqual({
    all: [{ tag: ['tea'] }, { bucket: { salt: 'spring', from: 0, to: 2_500 } }],
  });
  expect(printAudience(audience)).toBe(text);
});

it.each([
  [{ bucket: { salt: 's', from: 5, to: 5 } }, '/audience/bucket'],
  [{ bucket: { salt: 's', from: 0, to: 10_001 } }, '/audience/bucket'],
  [{ bucket: { salt: 'a b', from: 0, to: 1 } }, '/audience/bucket'],
  [{ bucket: 7 }, '/audience/bucket'],
  ['bucket(s, 0)', '/audience'],
])('refuses %j', (audience, pointer) => {
  expect(() => parseAudience(audience)).toThrow(
    expect.objectContaining({ faults: [expect.objectContaining({ pointer })] }),
  );
});
