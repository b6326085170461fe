import { AccountRecords } from '@carillon/persistence';
import { devicesOf, DUMMY_CREDENTIALS, testStore, type TestStore } from '@carillon/testing';
import { RedisAccounts } from '@carillon/transports';
import { describeAccountStoreContract } from '@carillon/xmpp-server/testing';

let test: TestStore;
beforeAll(() => {
  test = testStore();
});
afterAll(() => test.close());

let serial = 0;
const register = async (user?: string): Promise<string> => {
  const id = `keeper-${++serial}`;
  await devicesOf(test.store).create('default', id, user === undefined ? {} : { user }, DUMMY_CREDENTIALS);
  return id;
};
const accounts = (): RedisAccounts => new RedisAccounts(test.store.client, test.store.keys);

describeAccountStoreContract('RedisAccounts', async (bounds) => ({
  store: new RedisAccounts(test.store.client, test.store.keys, bounds),
  account: await register(),
  stranger: `nobody-${serial}`,
}));

describe('what clients keep with a device', () => {
  const keep = async (id: string): Promise<void> => {
    await accounts().change(id, 'private', new Map([['a urn:a', '<a/>']]));
    await accounts().change(
      id,
      'push',
      new Map([
        ['p.example\nn', '{"secret":["s"]}'],
        ['q.example', '{}'],
      ]),
    );
  };
  const records = (): AccountRecords => new AccountRecords(test.store);

  it('is found by the workers, push services by device', async () => {
    const [first, second, third] = [await register(), await register(), await register()];
    await keep(first);
    await accounts().change(second, 'push', new Map([['r.example', '{}']]));
    expect(await records().all(first)).toHaveLength(3);
    const found = await records().pushServices([first, second, third]);
    expect(Object.fromEntries(found)).toEqual({
      [first]: [
        { service: 'p.example', node: 'n', options: { secret: ['s'] } },
        { service: 'q.example', options: {} },
      ],
      [second]: [{ service: 'r.example', options: {} }],
    });
  });

  it('goes with the device, and with its owner', async () => {
    const [deleted, moved] = [await register(), await register('ann')];
    await keep(deleted);
    await keep(moved);
    await devicesOf(test.store).update('default', moved, { platform: 'ios' });
    expect(await records().all(moved)).toHaveLength(3);
    await devicesOf(test.store).update('default', moved, { user: 'bob' });
    expect(await records().all(moved)).toEqual([]);
    await devicesOf(test.store).delete('default', deleted);
    expect(await records().all(deleted)).toEqual([]);
    const { client, keys } = test.store;
    expect(await client.exists(keys.account(test.store.partitionOf(moved), moved))).toBe(0);
  });
});
