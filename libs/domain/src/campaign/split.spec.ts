import { bucketOf } from '../audience/bucket.js';
import type { Campaign } from './campaign.js';
import { splitOf, variantFor, withinBuckets } from './split.js';

const variant = (name: string, share: number) => ({ name, share, template: {} as never });
const plan = { variants: [variant('A', 1_000), variant('B', 2_000)], holdOut: 500 };

it('holds the lowest buckets out, then come the variants in their order, and the rest', () => {
  expect(splitOf(plan)).toEqual({
    variants: [
      { name: 'A', from: 500, to: 1_500 },
      { name: 'B', from: 1_500, to: 3_500 },
    ],
    rest: { from: 3_500, to: 10_000 },
  });
  const whole = splitOf({ variants: [variant('all', 10_000)], holdOut: 0 });
  expect(whole.rest.from).toBe(whole.rest.to);
});

it('asks for buckets only where not all are meant', () => {
  const audience = { everyone: true } as const;
  expect(withinBuckets(audience, 'c', { from: 0, to: 10_000 })).toBe(audience);
  expect(withinBuckets(audience, 'c', { from: 0, to: 9 })).toEqual({
    all: [audience, { bucket: { salt: 'c', from: 0, to: 9 } }],
  });
});

it('one device has its own variant, or the winner, or nothing where it is held out', () => {
  const ids = Array.from({ length: 500 }, (_, i) => `device-${i}`);
  const campaign = { id: 'c', plan } as unknown as Campaign;
  for (const id of ids) {
    const bucket = bucketOf('c', id);
    const own = bucket < 500 || bucket >= 3_500 ? undefined : bucket < 1_500 ? 'A' : 'B';
    expect(variantFor(campaign, id)?.name).toBe(own);
    expect(variantFor({ ...campaign, winner: 'B' }, id)?.name).toBe(bucket < 500 ? undefined : 'B');
  }
});
