import { newNotificationId, type Notification } from '@carillon/domain';
import {
  depositOf,
  Dispatcher,
  DispatchPublisher,
  EdgeRegistry,
  Recaller,
  RedisInbox,
  RedisNotifications,
  RedisPresence,
} from '@carillon/persistence';
import { devicesOf, DUMMY_CREDENTIALS, testStore } from '@carillon/testing';

/** What a process that ended left half done. */
const test = testStore();
const { store } = test;
afterAll(() => test.close());

const inbox = new RedisInbox(store);
const notifications = new RedisNotifications(store);

function notification(): Notification {
  const now = Date.now();
  return {
    id: newNotificationId(now),
    app: 'default',
    kind: 'notification',
    title: 'Tea',
    audience: { device: ['d-1'] },
    acceptedAt: now,
    at: now,
    ttl: 60,
    expiresAt: now + 60_000,
  };
}

beforeAll(() => devicesOf(store).create('default', 'd-1', {}, DUMMY_CREDENTIALS));

it('a notification that is recalled behind a deposit whose worker died has its delivery in the funnel', async () => {
  const sent = notification();
  await notifications.accept(sent);
  await inbox.deposit(depositOf(sent), ['d-1'], Date.now());
  const dispatcher = new Dispatcher(new EdgeRegistry(store), new DispatchPublisher(store));
  const recaller = new Recaller(store, notifications, inbox, dispatcher);
  expect(await recaller.recall((await notifications.find(sent.id))!, Date.now())).toMatchObject({
    withdrawn: 1,
  });
  const partitions = notifications.partitionsOf((await notifications.find(sent.id))!);
  expect(await inbox.counts(sent.id, partitions)).toMatchObject({ queued: 1, recalled: 1, pending: 0 });
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
