import type { InboxBounds } from '@carillon/domain';
import { describeInboxContract, describePresenceContract } from '@carillon/domain/testing';
import { RedisInbox, RedisPresence } from '@carillon/persistence';
import { RedisAccounts } from '@carillon/transports';
import { devicesOf, DUMMY_CREDENTIALS, testStore, type TestStore } from '@carillon/testing';

let test: TestStore;
beforeAll(() => {
  test = testStore();
});
afterAll(() => test.close());

let count = 0;
const make = () => {
  const { store } = test;
  return Promise.resolve({
    inbox: new RedisInbox(store, { maxEntries: 3, maxBytes: 5_000 }),
    bounded: ({ maxAppEntries, maxAppBytes, ...bounds }: Partial<InboxBounds>) =>
      new RedisInbox(store, {
        ...bounds,
        ...(maxAppEntries && { maxAppEntries: maxAppEntries * store.keys.partitions }),
        ...(maxAppBytes && { maxAppBytes: maxAppBytes * store.keys.partitions }),
      }),
    presence: new RedisPresence(store),
    singlePresence: new RedisPresence(store, 'single'),
    partitionOf: (id: string) => store.partitionOf(id),
    tokenHash: DUMMY_CREDENTIALS.tokenHash,
    device: async (app = 'default') => {
      const id = `device-${++count}`;
      await devicesOf(store).create(app, id, {}, DUMMY_CREDENTIALS);
      return id;
    },
    namePushService: async (id: string) => {
      const accounts = new RedisAccounts(store.client, store.keys);
      await accounts.change(id, 'push', new Map([['push.example', '{}']]));
    },
    move: async (id: string, user: string | undefined) => {
      await devicesOf(store).update('default', id, { user: user ?? null });
    },
  });
};

describeInboxContract('RedisInbox', make);
describePresenceContract('RedisPresence', make);
