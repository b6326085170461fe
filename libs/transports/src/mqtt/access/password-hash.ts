import { createHash, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(pbkdf2);

/** The hash of a password, in the forms of mosquitto_passwd. */
export interface PasswordHash {
  /** Of PBKDF2-HMAC-SHA512; undefined: one salted SHA-512. */
  readonly iterations: number | undefined;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const FORM = /^\$(?:6|7\$(\d{1,8}))\$([A-Za-z0-9+/]+={0,2})\$([A-Za-z0-9+/]+={0,2})$/;
const HASH_BYTES = 64;
/** A log-in must not keep a processor busy: some 5 s. */
const MAX_ITERATIONS = 5_000_000;

/** `$7$iterations$salt$hash` or `$6$salt$hash`, base64. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const parts = FORM.exec(text);
  if (!parts) return undefined;
  const iterations = parts[1] === undefined ? undefined : Number(parts[1]);
  const hash = Buffer.from(parts[3]!, 'base64');
  if (hash.length !== HASH_BYTES || iterations === 0 || (iterations ?? 1) > MAX_ITERATIONS) return undefined;
  return { iterations, salt: Buffer.from(parts[2]!, 'base64'), hash };
}

export async function verifyPassword(
  { iterations, salt, hash }: PasswordHash,
  password: Buffer,
): Promise<boolean> {
  const own =
    iterations === undefined
      ? createHash('sha512').update(password).update(salt).digest()
      : await derive(password, salt, iterations, HASH_BYTES, 'sha512');
  return timingSafeEqual(own, hash);
}

export function sameHash(one: PasswordHash, other: PasswordHash): boolean {
  return one.iterations === other.iterations && one.salt.equals(other.salt) && one.hash.equals(other.hash);
}
