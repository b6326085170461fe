import { type Audience, type Deposit, newNotificationId, type Notification, turnOf } from '@carillon/domain';
import {
  AudienceResolver,
  depositOf,
  Dispatcher,
  DispatchPublisher,
  EdgeRegistry,
  Recaller,
  RedisInbox,
  RedisNotifications,
  RedisPresence,
  RedisUsers,
} from '@carillon/persistence';
import { devicesOf, DUMMY_CREDENTIALS, testStore } from '@carillon/testing';
import type { Depositor } from '../../apps/worker/src/fan-out/depositor.js';
import { FanOutService } from '../../apps/worker/src/fan-out/fan-out.service.js';

/** What a process that ended left half done. */
// One lane: the order of turns holds within it.
const test = testStore(4, 1);
const { store } = test;
afterAll(() => test.close());

const inbox = new RedisInbox(store);
const notifications = new RedisNotifications(store);

function notification(audience: Audience = { device: ['d-1'] }): Notification {
  const now = Date.now();
  return {
    id: newNotificationId(now),
    app: 'default',
    kind: 'notification',
    title: 'Tea',
    audience,
    acceptedAt: now,
    at: now,
    ttl: 60,
    expiresAt: now + 60_000,
  };
}

const dispatcher = new Dispatcher(new EdgeRegistry(store), new DispatchPublisher(store));
const recaller = new Recaller(store, notifications, inbox, dispatcher);

beforeAll(() => devicesOf(store).create('default', 'd-1', {}, DUMMY_CREDENTIALS));

it('a notification that is recalled behind a deposit whose worker died has its delivery in the funnel', async () => {
  const sent = notification();
  await notifications.accept(sent);
  await inbox.deposit(depositOf(sent), ['d-1'], Date.now());
  expect(await recaller.recall((await notifications.find(sent.id))!, Date.now())).toMatchObject({
    withdrawn: 1,
  });
  const partitions = notifications.partitionsOf((await notifications.find(sent.id))!);
  expect(await inbox.counts(sent.id, partitions)).toMatchObject({ queued: 1, recalled: 1, pending: 0 });
});

describe('a notification for a user whose device came to another user when the worker had died behind the deposit', () => {
  const users = new RedisUsers(store);
  const devices = devicesOf(store, users);
  const ofUser = (): Notification => notification({ user: ['anna'] });
  const inPartition = (partition: number): string => {
    const random = () => `moving-${Math.random().toString(36).slice(2)}`;
    for (let id = random(); ; id = random()) if (store.partitionOf(id) === partition) return id;
  };
  const deposited = async (to: Notification, ids: readonly string[]): Promise<void> => {
    const deposit: Deposit = depositOf(to);
    await inbox.deposit(deposit, ids, Date.now());
  };
  const worker = new FanOutService(
    notifications,
    new AudienceResolver(store, users),
    { deposit: deposited } as unknown as Depositor,
    recaller,
    undefined as never,
    undefined as never,
    store,
  );

  it.each([
    ['comes again', (id: string) => worker.begin({ notificationId: id, turn: turnOf(ofUser()) }, true)],
    [
      'is helped by the next one',
      async () => {
        const next = ofUser();
        await notifications.accept(next);
        await worker.begin({ notificationId: next.id, turn: turnOf(next) }, false);
      },
    ],
  ])('has its first delivery in the funnel: it %s', async (_, goOn) => {
    const [former, later] = [inPartition(0), inPartition(1)];
    await devices.create('default', former, { user: 'anna' }, DUMMY_CREDENTIALS);
    const sent = ofUser();
    await notifications.accept(sent);
    await deposited(sent, [former]);
    await devices.update('default', former, { user: 'somebody' });
    await devices.create('default', later, { user: 'anna' }, DUMMY_CREDENTIALS);
    await goOn(sent.id);
    const record = (await notifications.find(sent.id))!;
    expect(record.status).toBe('sent');
    const funnel = await inbox.counts(sent.id, notifications.partitionsOf(record));
    expect(funnel.queued).toBeGreaterThanOrEqual(2);
    expect(await inbox.counts(sent.id, store.allPartitions())).toEqual(funnel);
  });
});

it('an edge that ends leaves no connection behind, not even one whose claim is still on its way', async () => {
  const presence = new RedisPresence(store);
  const ids = Array.from({ length: 50 }, (_, i) => `phone-${i}`);
  await Promise.all(ids.map((id) => devicesOf(store).create('default', id, {}, DUMMY_CREDENTIALS)));
  const { tokenHash } = DUMMY_CREDENTIALS;
  const claims = ids.slice(0, 25).map((id) => presence.claim(id, tokenHash, 'mqtt', 'edge-1'));
  await new Promise((resolve) => setImmediate(resolve));
  const later = ids.slice(25).map((id) => presence.claim(id, tokenHash, 'mqtt', 'edge-1'));
  await presence.releaseEdge('edge-1', Number.MAX_SAFE_INTEGER);
  await Promise.all([...claims, ...later]);
  expect((await Promise.all(ids.map((id) => presence.connections(id)))).flat()).toEqual([]);
});
