import { type Deposit, newNotificationId } from '@carillon/domain';
import { parseReceipts, RedisInbox } from '@carillon/persistence';
import { GatheredScripts } from '@carillon/redis';
import { devicesOf, DUMMY_CREDENTIALS, testStore } from '@carillon/testing';

type Claim = [1, number] | [0, Buffer];

describe('script calls that go to Redis together', () => {
  const test = testStore();
  const { client, keys } = test.store;
  const scripts = new GatheredScripts(client, { binary: true });
  afterAll(() => test.close());

  const claim = (clientId: string) =>
    scripts.run<Claim>(
      'claim-mqtt-session',
      [
        keys.mqttSession(0, clientId),
        keys.mqttMessages(0, clientId),
        keys.mqttHeld(0, 'broker'),
        keys.mqttHeld(0, ''),
      ],
      [clientId, 'broker', '', 1, 1],
    );

  it('are answered each by itself, in whatever number', async () => {
    const ids = Array.from({ length: 300 }, (_, i) => `client ${i}`);
    const claims = await Promise.all(ids.map(claim));
    expect(claims.map(([taken]) => taken)).toEqual(ids.map(() => 1));
    expect((await client.smembers(keys.mqttHeld(0, 'broker'))).toSorted()).toEqual(ids.toSorted());
    const again = await Promise.all([claim('client 7'), claim('another')]);
    expect(again[0]).toEqual([0, Buffer.from('broker')]);
    expect(again[1]![0]).toBe(1);
  });

  it('keep their order among calls of other scripts', async () => {
    const text = new GatheredScripts(client);
    const lease = keys.lease('order');
    const take = (holder: string) => text.run<number>('renew-lease', [lease], [holder, 1_000]);
    const giveBack = (holder: string) => text.run<number>('release-lease', [lease], [holder]);
    const calls = [take('a'), take('b'), giveBack('b'), giveBack('a'), take('b'), take('a')];
    expect(await Promise.all(calls)).toEqual([1, 0, 0, 1, 1, 0]);
  });

  it('cost a pipeline nothing that has none: it would copy every script there is', () => {
    expect(Object.keys(client.pipeline())).not.toContain('deposit');
  });

  it('are answered when they come while others are under way', async () => {
    const first = claim('first');
    await new Promise((resolve) => setImmediate(resolve));
    const later = [claim('second'), claim('third')];
    expect((await Promise.all([first, ...later])).map(([taken]) => taken)).toEqual([1, 1, 1]);
  });

  it('report in one entry what they report', async () => {
    const { store } = test;
    const ids = Array.from({ length: 12 }, (_, i) => `device ${i}`);
    for (const id of ids) await devicesOf(store).create('default', id, {}, DUMMY_CREDENTIALS);
    const inbox = new RedisInbox(store);
    const notificationId = newNotificationId(Date.now());
    const deposit: Deposit = {
      notificationId,
      app: 'default',
      expiresAt: Date.now() + 60_000,
      onlineOnly: false,
    };
    await Promise.all(ids.map((id) => inbox.deposit(deposit, [id], Date.now())));
    const streams = await Promise.all(
      store.allPartitions().map((partition) => client.xrange(keys.receipts(partition), '-', '+')),
    );
    const entries = streams.flat();
    expect(entries).toHaveLength(1);
    const receipts = parseReceipts(entries[0]![1][1]!);
    expect(receipts).toHaveLength(12);
    expect(receipts.every((each) => each.notificationId === notificationId && each.count === 1)).toBe(true);
  });

  it('fail each by itself', async () => {
    await client.set(keys.mqttSession(0, 'broken'), 'no hash');
    const outcomes = await Promise.allSettled([claim('one'), claim('broken'), claim('two')]);
    expect(outcomes).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { message: expect.stringContaining('WRONGTYPE') } },
      { status: 'fulfilled' },
    ]);
    await expect(claim('broken')).rejects.toThrow('WRONGTYPE');
    expect((await claim('three'))[0]).toBe(1);
  });
});
