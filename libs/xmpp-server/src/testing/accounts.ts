import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import type { AcknowledgedVia, ScramCredentials, ScramMechanism, XmppServerHooks } from '../hooks.js';

export type { AcknowledgedVia };

const SALT = Buffer.from('fixture salt');
const ITERATIONS = 4096;

/** The authentication hooks over a fixed list of users and passwords. */
export function credentialsOf(
  users: Record<string, string>,
): Pick<XmppServerHooks, 'authenticate' | 'scramCredentials'> {
  return {
    authenticate: async ({ username, password }) =>
      users[username] !== undefined && users[username] === password
        ? { ok: true, principal: `principal of ${username}` }
        : { ok: false, reason: 'not-authorized' },
    scramCredentials: async (username, mechanism) => {
      const password = users[username];
      return password === undefined ? undefined : scramCredentials(username, password, mechanism);
    },
  };
}

function scramCredentials(username: string, password: string, mechanism: ScramMechanism): ScramCredentials {
  const digest = mechanism === 'SCRAM-SHA-1' ? 'sha1' : 'sha256';
  const salted = pbkdf2Sync(password, SALT, ITERATIONS, digest === 'sha1' ? 20 : 32, digest);
  const clientKey = createHmac(digest, salted).update('Client Key').digest();
  return {
    salt: SALT,
    iterations: ITERATIONS,
    storedKey: createHash(digest).update(clientKey).digest(),
    serverKey: createHmac(digest, salted).update('Server Key').digest(),
    principal: `principal of ${username}`,
  };
}
