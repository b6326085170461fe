import { randomBytes } from 'node:crypto';
import type { ApiKey, Scope } from '@carillon/domain';
import { hashSecret, newToken } from './secrets.js';

export interface PresentedKey {
  readonly id: string;
  readonly secret: string;
}

/** A key and its text, which is shown once. */
export interface NewApiKey {
  readonly key: ApiKey;
  readonly text: string;
}

const GENERATED = /^ck_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;
/** The first admin key may be of the operator's own choosing. */
const CHOSEN = /^[\x21-\x7e]{8,256}$/;

/** A new key `ck_<id>_<secret>`. */
export function newApiKey(app: string, name: string, scopes: readonly Scope[]): NewApiKey {
  const text = `ck_${randomBytes(8).toString('hex')}_${newToken()}`;
  return { key: toApiKey(text, app, name, scopes), text };
}

/** The record of a key whose text is given: one that was made before, or that an operator chose. */
export function toApiKey(text: string, app: string, name: string, scopes: readonly Scope[]): ApiKey {
  const presented = parseApiKey(text);
  if (!presented)
    throw new TypeError('an API key must be 8 to 256 printable ASCII characters without spaces');
  const { id, secret } = presented;
  return { id, app, name, scopes, secretHash: hashSecret(secret), createdAt: Date.now() };
}

/** @returns undefined for a text that can be no key. A chosen key is found by an id that is derived from it. */
export function parseApiKey(text: string): PresentedKey | undefined {
  const [, id, secret] = GENERATED.exec(text) ?? [];
  if (id !== undefined && secret !== undefined) return { id, secret };
  if (!CHOSEN.test(text)) return undefined;
  return { id: `x${hashSecret(`key id of ${text}`).slice(0, 24)}`, secret: text };
}
