import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { ScramKeys } from '@carillon/domain';

const deriveKey = promisify(pbkdf2);

export type ScramHash = 'sha1' | 'sha256';

/** RFC 5802 §4 and RFC 7677 §4: the least that a server should ask for. Tokens have 256 bits; more would add nothing. */
export const SCRAM_ITERATIONS = 4096;
const SALT_BYTES = 16;
const KEY_BYTES: Record<ScramHash, number> = { sha1: 20, sha256: 32 };

/**
 * What a server keeps to check SCRAM logins (RFC 5802 §3). Off the event loop. The password is taken as it is: device tokens
 * are ASCII, which SASLprep leaves alone.
 */
export async function deriveScramKeys(
  hash: ScramHash,
  password: string,
  salt: Buffer = randomBytes(SALT_BYTES),
  iterations: number = SCRAM_ITERATIONS,
): Promise<ScramKeys> {
  const salted = await deriveKey(password, salt, iterations, KEY_BYTES[hash], hash);
  const clientKey = createHmac(hash, salted).update('Client Key').digest();
  return {
    salt: salt.toString('base64'),
    iterations,
    storedKey: createHash(hash).update(clientKey).digest('base64'),
    serverKey: createHmac(hash, salted).update('Server Key').digest('base64'),
  };
}
