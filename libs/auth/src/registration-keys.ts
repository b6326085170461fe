import { randomBytes } from 'node:crypto';
import type { RegistrationKey } from '@carillon/domain';
import { hashSecret, matchesHash } from './secrets.js';

export interface NewRegistrationKey {
  readonly key: RegistrationKey;
  /** Shown once. */
  readonly text: string;
}

const FORM = /^rk-([0-9a-f]{8})-([0-9a-f]{40})$/;

/** `rk-<id>-<160 random bits>`: letters and digits that a host name's label may have, in the case that host names fold to. */
export function newRegistrationKey(app: string, now: number): NewRegistrationKey {
  const id = randomBytes(4).toString('hex');
  const secret = randomBytes(20).toString('hex');
  return { key: { id, app, secretHash: hashSecret(secret), createdAt: now }, text: `rk-${id}-${secret}` };
}

/** The id by which to find the key that a text claims to be; undefined for a text that can be none. */
export const registrationKeyId = (text: string): string | undefined => FORM.exec(text.toLowerCase())?.[1];

/** In constant time. */
export function opensRegistration({ id, secretHash }: RegistrationKey, text: string): boolean {
  const [, ownId, secret = ''] = FORM.exec(text.toLowerCase()) ?? [];
  return ownId === id && matchesHash(secret, secretHash);
}
