import type { ScramKeys } from '@carillon/domain';

/** Stored keys as the engines take them. */
export function scramCredentials({ salt, iterations, storedKey, serverKey }: ScramKeys) {
  return {
    salt: Buffer.from(salt, 'base64'),
    iterations,
    storedKey: Buffer.from(storedKey, 'base64'),
    serverKey: Buffer.from(serverKey, 'base64'),
  };
}
