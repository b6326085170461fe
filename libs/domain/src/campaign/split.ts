import type { Audience } from '../audience/audience.js';
import { BUCKET_COUNT, bucketOf } from '../audience/bucket.js';
import type { Campaign, CampaignPlan, CampaignVariant } from './campaign.js';

/** Buckets from `from` up to, not including, `to`. */
export interface BucketRange {
  readonly from: number;
  readonly to: number;
}

export interface Split {
  readonly variants: readonly (BucketRange & { readonly name: string })[];
  /** Waits for the winner; empty when the variants have everybody. */
  readonly rest: BucketRange;
}

/** The lowest buckets are held out, then come the variants in their order, and the rest. It depends on the shares alone, so it is the same in every run. */
export function splitOf({ variants, holdOut }: Pick<CampaignPlan, 'variants' | 'holdOut'>): Split {
  let from = holdOut;
  const ranges = variants.map(({ name, share }) => {
    const range = { name, from, to: from + share };
    from = range.to;
    return range;
  });
  return { variants: ranges, rest: { from, to: BUCKET_COUNT } };
}

/** Those of an audience whose buckets lie in a range. */
export function withinBuckets(audience: Audience, salt: string, { from, to }: BucketRange): Audience {
  if (from === 0 && to === BUCKET_COUNT) return audience;
  return { all: [audience, { bucket: { salt, from, to } }] };
}

/** What one device gets; undefined for one that is held out, or waits for the winner. */
export function variantFor({ id, plan, winner }: Campaign, deviceId: string): CampaignVariant | undefined {
  const bucket = bucketOf(id, deviceId);
  if (bucket < plan.holdOut) return undefined;
  const own = splitOf(plan).variants.find(({ from, to }) => from <= bucket && bucket < to);
  const name = winner ?? own?.name;
  return plan.variants.find((variant) => variant.name === name);
}
