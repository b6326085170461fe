import { type DeliveryState, INBOX_START, newNotificationId } from '@carillon/domain';
import { parseReceipts, ReceiptCounter, RedisInbox } from '@carillon/persistence';
import { devicesOf, DUMMY_CREDENTIALS, testStore, type TestStore } from '@carillon/testing';

/** Steps of many devices in one call, and what becomes of their receipts. */
const APP = 'default';
const GROUP = 'workers';
const NOW = 1_800_000_000_000;
const DAY = '2027-01-15';
const ids = Array.from({ length: 20 }, (_, i) => `device-${i}`);
let test: TestStore;
let inbox: RedisInbox;

beforeEach(async () => {
  test = testStore(8);
  inbox = new RedisInbox(test.store);
  for (const id of ids) await devicesOf(test.store).create(APP, id, {}, DUMMY_CREDENTIALS);
});
afterEach(() => test.close());

async function depositToAll(): Promise<string> {
  const notificationId = newNotificationId(NOW);
  const deposit = { app: APP, notificationId, expiresAt: NOW + 60_000, onlineOnly: false, bytes: 2_000 };
  for (const id of ids) await inbox.deposit(deposit, [id], NOW);
  return notificationId;
}

const step = (notificationId: string, deviceId: string, state: DeliveryState, at = NOW + 1) =>
  ({ app: APP, notificationId, deviceId, state, at, transport: 'mqtt' }) as const;

/** The entries of all receipts streams. */
async function entries(): Promise<{ stream: string; id: string; data: string }[]> {
  const streams = test.store.allPartitions().map(test.store.keys.receipts);
  const found = await Promise.all(streams.map((stream) => test.store.client.xrange(stream, '-', '+')));
  return found.flatMap((own, i) => own.map(([id, [, data]]) => ({ stream: streams[i]!, id, data: data! })));
}

it('records steps of devices of all partitions, and of several notifications, in one call with one receipts entry', async () => {
  const [first, second] = [await depositToAll(), await depositToAll()];
  const before = (await entries()).length;
  await inbox.record(
    ids.flatMap((id) => [
      step(first, id, 'written'),
      step(second, id, 'written'),
      step(first, id, 'acknowledged', NOW + 2),
    ]),
  );
  const all = test.store.allPartitions();
  expect(await inbox.counts(first, all)).toMatchObject({ written: 20, acknowledged: 20, pending: 0 });
  expect(await inbox.counts(second, all)).toMatchObject({ written: 20, acknowledged: 0, pending: 20 });
  for (const id of ids) {
    const { steps } = (await inbox.delivery(first, id))!;
    expect(steps.map(({ state, at }) => [state, at - NOW])).toEqual([
      ['queued', 0],
      ['written', 1],
      ['acknowledged', 2],
    ]);
    const waiting = await inbox.read(id, INBOX_START, 10);
    expect(waiting.map(({ notificationId }) => notificationId)).toEqual([second]);
  }
  expect(await entries()).toHaveLength(before + 1);
  const held = await Promise.all(
    all.map((partition) => test.store.client.hget(test.store.keys.held(partition), `#b:${APP}`)),
  );
  expect(held.reduce((sum, bytes) => sum + Number(bytes ?? 0), 0)).toBe(20 * 2_000);
});

it('takes no step backwards, whatever comes with it in the same call, and makes up for an acknowledgement', async () => {
  const notificationId = await depositToAll();
  await inbox.record([
    step(notificationId, ids[0]!, 'opened'),
    step(notificationId, ids[0]!, 'written'),
    step(notificationId, ids[0]!, 'failed'),
    step(notificationId, ids[1]!, 'failed'),
    step(notificationId, ids[1]!, 'acknowledged'),
    step(notificationId, 'nobody', 'acknowledged'),
  ]);
  const states = async (id: string) =>
    (await inbox.delivery(notificationId, id))!.steps.map(({ state }) => state);
  expect(await states(ids[0]!)).toEqual(['queued', 'acknowledged', 'opened']);
  expect(await states(ids[1]!)).toEqual(['queued', 'failed']);
  expect(await inbox.delivery(notificationId, 'nobody')).toBeUndefined();
  const counts = await inbox.counts(notificationId, test.store.allPartitions());
  expect(counts).toMatchObject({
    queued: 20,
    written: 0,
    acknowledged: 1,
    opened: 1,
    failed: 1,
    pending: 18,
  });
});

it('counts each entry once, also when only some of those counted together are new', async () => {
  const notificationId = await depositToAll();
  await inbox.record(ids.map((id) => step(notificationId, id, 'acknowledged')));
  const { client, keys } = test.store;
  const streams = test.store.allPartitions().map(keys.receipts);
  for (const stream of streams) {
    await client.xgroup('CREATE', stream, GROUP, '0', 'MKSTREAM');
    await client.xreadgroup('GROUP', GROUP, 'c', 'STREAMS', stream, '>');
  }
  const found = await entries();
  const count = async (some: typeof found) => {
    const counter = new ReceiptCounter(test.store, GROUP);
    return Promise.all(some.map(({ stream, id, data }) => counter.count(stream, id, parseReceipts(data))));
  };
  expect(await count(found.slice(0, 5))).toEqual(found.slice(0, 5).map(() => true));
  expect(await count(found)).toEqual(found.map((_, i) => i >= 5));
  expect(await entries()).toEqual([]);
  const stats = await Promise.all(
    test.store.allPartitions().map((partition) => client.hgetall(keys.stats(partition, APP, DAY))),
  );
  const sum = (field: string) => stats.reduce((total, each) => total + Number(each[field] ?? 0), 0);
  expect([sum('q'), sum('a|mqtt')]).toEqual([20, 20]);
});
