import { randomBytes } from 'node:crypto';

const CROCKFORD = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * A new notification id: 26 characters, Crockford base32 in lower case, 48 bits of time (ms) and 80 random bits, so that
 * ids sort by age (the layout of a ULID).
 */
export function newNotificationId(now: number): string {
  return idOf(now, nextRandom());
}

/** The id of a time and (at least) 16 bytes, of which each gives five bits. */
export function idOf(at: number, bytes: Uint8Array): string {
  let time = '';
  for (let rest = at, i = 0; i < 10; i++, rest = Math.floor(rest / 32)) time = CROCKFORD[rest % 32] + time;
  let random = '';
  for (let i = 0; i < RANDOM_PER_ID; i++) random += CROCKFORD[bytes[i]! & 31];
  return time + random;
}

/** Random bytes are drawn by the thousand: one system call each would be a twentieth of what a send costs. */
const RANDOM_PER_ID = 16;
let pool = Buffer.alloc(0);
let used = 0;

function nextRandom(): Buffer {
  if (used === pool.length) {
    pool = randomBytes(256 * RANDOM_PER_ID);
    used = 0;
  }
  used += RANDOM_PER_ID;
  return pool.subarray(used - RANDOM_PER_ID, used);
}

export const NOTIFICATION_ID = /^[0-9a-hjkmnp-tv-z]{26}$/;

/** Device ids name MQTT topics and XMPP addresses too, and XMPP folds case: so lower case alone. */
export const DEVICE_ID = /^[a-z0-9][a-z0-9._-]{0,127}$/;
export const DEVICE_ID_RULE =
  'must be 1 to 128 characters of a-z, 0-9, ".", "_", "-", beginning with a letter or digit (lower case: XMPP addresses fold case)';

/** Users, groups and tags carry the business's own names: anything printable without white space, "/", "{" or "}". */
// eslint-disable-next-line no-control-regex
export const NAME = /^[^\s/{}\u0000-\u001f\u007f\ud800-\udfff]{1,128}$/u;
export const NAME_RULE = 'must be 1 to 128 printable characters without white space, "/", "{" or "}"';

export const APP_ID = /^[a-z0-9][a-z0-9-]{0,31}$/;
export const DEFAULT_APP = 'default';

/**
 * The shard (partition or lane) that owns `id`: FNV-1a over its UTF-16 code units, modulo `count`.
 * Part of the stored schema: it must never change for an installed system.
 */
export function shardOf(id: string, count: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) {
    hash ^= id.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  // FNV's low bits mix poorly for short ids that differ only at the end: fold the high half in.
  return ((hash ^ (hash >>> 15)) >>> 0) % count;
}
