import { testStore, type TestStore } from '@carillon/testing';
import { RedisStreams } from '@carillon/transports';
import { describeStreamStoreContract } from '@carillon/xmpp-server/testing';

let test: TestStore;
beforeAll(() => {
  test = testStore();
});
afterAll(() => test.close());

describeStreamStoreContract('RedisStreams', () => {
  const { client, keys } = test.store;
  return {
    first: new RedisStreams(client, keys, 'edge-1'),
    second: new RedisStreams(client, keys, 'edge-2'),
  };
});

describe('RedisStreams', () => {
  it('keeps a state beside its device, and no longer than it has to', async () => {
    const { client, keys } = test.store;
    const partition = test.store.partitionOf('d');
    await new RedisStreams(client, keys, 'edge-1').save([{ account: 'd', id: 'i', state: 's' }], 5_000);
    const key = keys.stream(partition, 'd', 'i');
    expect(key).toContain(`{p${partition}}`);
    expect(await client.get(key)).toBe('edge-1 s');
    expect(await client.pttl(key)).toBeGreaterThan(4_000);
  });
});
