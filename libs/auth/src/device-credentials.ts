import type { DeviceCredentials } from '@carillon/domain';
import { deriveScramKeys } from './scram-keys.js';
import { hashSecret, matchesHash } from './secrets.js';

/** All that is stored of a device's token: enough to check it on every protocol, too little to log in with. */
export async function deriveCredentials(token: string): Promise<DeviceCredentials> {
  const [scramSha1, scramSha256] = await Promise.all([
    deriveScramKeys('sha1', token),
    deriveScramKeys('sha256', token),
  ]);
  return { tokenHash: hashSecret(token), scramSha1, scramSha256 };
}

/** Whether `token` is the device's, in constant time; never a password of the client's choosing, whose hash is a slow one. */
export const verifyToken = ({ tokenHash }: DeviceCredentials, token: string): boolean =>
  matchesHash(token, tokenHash);
