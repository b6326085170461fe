import { randomBytes } from 'node:crypto';
import { createRedis, RedisKeys, type RedisClient } from '@carillon/redis';
import { RedisDevices, RedisUsers, Store } from '@carillon/persistence';
import type { DeviceCredentials } from '@carillon/domain';

/** The Redis of this test run. */
export function testRedisUrl(): string {
  const url = process.env.TEST_REDIS_URL;
  if (!url) throw new Error('TEST_REDIS_URL is not set: run the tests by npm test');
  return url;
}

export interface TestStore {
  readonly store: Store;
  readonly connect: () => RedisClient;
  close(): Promise<void>;
}

/** A schema of its own, under a prefix that nobody else has, on the run's Redis. */
export function testStore(partitions = 4, lanes = 2, urls: readonly string[] = [testRedisUrl()]): TestStore {
  const prefix = `test-${randomBytes(6).toString('hex')}:`;
  const clients: RedisClient[] = [];
  const connect = (blocking = true): RedisClient => {
    const client = createRedis({ urls, blocking });
    clients.push(client);
    return client;
  };
  const client = connect(false);
  return {
    store: new Store(client, new RedisKeys(prefix, partitions, lanes)),
    connect: () => connect(),
    close: () => {
      // Disconnecting what has ended leaves a timer behind.
      for (const client of clients) if (client.status !== 'end') client.disconnect();
      return Promise.resolve();
    },
  };
}

const scram = { salt: 'c2FsdA==', iterations: 4096, storedKey: 'a2V5', serverKey: 'a2V5' };
/** Credentials that no token opens, for tests that do not log in. */
export const DUMMY_CREDENTIALS: DeviceCredentials = { tokenHash: '00', scramSha1: scram, scramSha256: scram };

/** @param tellMoved is told which devices changed hands */
export const devicesOf = (
  store: Store,
  users = new RedisUsers(store),
  tellMoved: (deviceId: string, upTo: number) => Promise<void> = () => Promise.resolve(),
): RedisDevices => new RedisDevices(store, users, tellMoved);
