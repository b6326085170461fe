import type { Device } from './device.js';
import { NAME, NAME_RULE } from '../identifiers.js';

/**
 * What a device says of itself stands apart from what the business says of it: the user `self:anna` is whoever calls itself anna. So no device can
 * take what is sent to anna.
 */
const PREFIX = 'self:';
const MAX_CLAIMED_TAGS = 100;

/** The user, or the tag, that a claimed name stands for. */
export const claimed = (name: string): string => PREFIX + name;
export const isClaimed = (name: string): boolean => name.startsWith(PREFIX);

export type ClaimedChange =
  | { readonly ok: true; readonly user?: string | null; readonly tags?: readonly string[] }
  | { readonly ok: false; readonly reason: 'invalid' | 'not-allowed'; readonly detail: string };

/** Empty takes the claim away. A user that the business gave stays. */
export function claimAlias({ user }: Pick<Device, 'user'>, alias: string): ClaimedChange {
  if (user !== undefined && !isClaimed(user))
    return { ok: false, reason: 'not-allowed', detail: 'the device has a user already' };
  if (alias === '') return { ok: true, user: null };
  const name = claimed(alias);
  return NAME.test(name) ? { ok: true, user: name } : invalid('the alias');
}

/** Replaces the tags that the device gave itself before; those that the business gave stay. */
export function claimTags({ tags }: Pick<Device, 'tags'>, own: readonly string[]): ClaimedChange {
  const names = [...new Set(own.map(claimed))];
  if (names.length > MAX_CLAIMED_TAGS)
    return { ok: false, reason: 'invalid', detail: `up to ${MAX_CLAIMED_TAGS} tags` };
  if (!names.every((name) => NAME.test(name))) return invalid('a tag');
  return { ok: true, tags: [...tags.filter((tag) => !isClaimed(tag)), ...names] };
}

const invalid = (what: string): ClaimedChange => ({
  ok: false,
  reason: 'invalid',
  detail: `${what} with "${PREFIX}" before it ${NAME_RULE}`,
});
