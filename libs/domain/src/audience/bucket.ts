/** Devices are spread evenly over so many buckets. */
export const BUCKET_COUNT = 10_000;

/** A share of all devices: those whose bucket, under a salt, lies from `from` up to, not including, `to`. */
export interface BucketTerm {
  readonly salt: string;
  readonly from: number;
  readonly to: number;
}

/**
 * The bucket of a device, 0 to 9999: FNV-1a over the salt and the id, with MurmurHash3's last mixing, for FNV's low bits mix poorly. Splits that were made by it are
 * kept: it must not change.
 */
export function bucketOf(salt: string, deviceId: string): number {
  let hash = 0x811c9dc5;
  const text = `${salt}/${deviceId}`;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % BUCKET_COUNT;
}

export const isInBucket = ({ salt, from, to }: BucketTerm, deviceId: string): boolean => {
  const bucket = bucketOf(salt, deviceId);
  return from <= bucket && bucket < to;
};
