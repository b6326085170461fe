import { type ContentTemplate, newNotificationId, type Notification } from '@carillon/domain';
import { DeviceContents, depositOf, RedisCaps, RedisInbox, RedisNotifications } from '@carillon/persistence';
import { devicesOf, DUMMY_CREDENTIALS, testStore, type TestStore } from '@carillon/testing';
import { CapCatalog } from './cap-catalog.js';
import { Preparation } from './preparation.js';
import { Renderer } from './renderer.js';

/** What comes before a deposit, done again after a crash, or by two workers at once. */
const app = 'default';
let test: TestStore;
let inbox: RedisInbox;
let caps: RedisCaps;

beforeEach(() => {
  test = testStore();
  inbox = new RedisInbox(test.store);
  caps = new RedisCaps(test.store);
});
afterEach(() => test.close());

/** Another worker, which knows nothing of what was done before. */
const worker = () => new Preparation(test.store, inbox, new Renderer(), new CapCatalog(caps), caps);
const device = (id: string, more: object = {}) =>
  devicesOf(test.store).create(app, id, more, DUMMY_CREDENTIALS);

async function accepted(template?: ContentTemplate, more: Partial<Notification> = {}): Promise<Notification> {
  const at = Date.now();
  const notification: Notification = {
    id: newNotificationId(at),
    app,
    audience: { device: ['a'] },
    kind: 'notification',
    acceptedAt: at,
    at,
    ttl: 60,
    expiresAt: at + 60_000,
    ...(template ? { template } : { title: 'Tea' }),
    ...more,
  };
  await new RedisNotifications(test.store).accept(notification);
  return notification;
}

const told = async (notification: Notification, id: string): Promise<string | undefined> => {
  const [content] = await new RedisNotifications(test.store).load(id, [notification.id]);
  return content && (JSON.parse(content.contentJson) as { title: string }).title;
};
const deposit = (notification: Notification, deviceIds: readonly string[]) =>
  inbox.deposit(depositOf(notification), deviceIds, Date.now());

it('passes by what is the same for all, and is under no cap', async () => {
  const notification = await accepted();
  expect(await worker().prepare(notification, ['a', 'nobody'])).toEqual({ deviceIds: ['a', 'nobody'] });
});

it('tells a device that has its delivery what it was told then, and renders anew for one that has not', async () => {
  await device('a', { attributes: { n: 1 } });
  const notification = await accepted({ title: '{{ device.attributes.n }}' });
  await worker().prepare(notification, ['a']);
  // The worker was killed before the deposit, and the device has changed.
  await devicesOf(test.store).update(app, 'a', { attributes: { n: 2 } });
  const second = await worker().prepare(notification, ['a']);
  expect(await told(notification, 'a')).toBe('2');
  await deposit(notification, second.deviceIds);
  await devicesOf(test.store).update(app, 'a', { attributes: {} });
  const third = await worker().prepare(notification, ['a']);
  expect(third.deviceIds).toEqual(['a']);
  expect(third.contents).toEqual(second.contents);
  expect((await inbox.delivery(notification.id, 'a'))?.state).toBe('queued');
});

it('closes a delivery once, and it stays closed', async () => {
  await device('a', {});
  const notification = await accepted({ title: '{{ device.attributes.n }}' });
  expect((await worker().prepare(notification, ['a'])).deviceIds).toEqual([]);
  await devicesOf(test.store).update(app, 'a', { attributes: { n: 2 } });
  const { deviceIds } = await worker().prepare(notification, ['a']);
  await deposit(notification, deviceIds);
  const delivery = await inbox.delivery(notification.id, 'a');
  expect(delivery?.steps.map(({ state }) => state)).toEqual(['queued', 'failed']);
  expect(await inbox.counts(notification.id, test.store.allPartitions())).toMatchObject({
    queued: 1,
    failed: 1,
    pending: 0,
  });
});

it('keeps what many are told once', async () => {
  const ids = Array.from({ length: 40 }, (_, i) => `d-${i}`);
  const own = ids.filter((id) => test.store.partitionOf(id) === test.store.partitionOf(ids[0]!));
  await Promise.all(own.map((id, i) => device(id, { locale: i % 2 === 0 ? 'de' : 'fr' })));
  const notification = await accepted({
    title: 'Tea',
    locales: { de: { title: 'Tee' }, fr: { title: 'Thé' } },
  });
  await worker().prepare(notification, own);
  const contents = await new DeviceContents(test.store).of(
    notification.id,
    test.store.partitionOf(own[0]!),
    own,
  );
  expect(new Set([...contents.values()].map(({ key }) => key)).size).toBe(Math.min(2, own.length));
  const key = test.store.keys.contents(test.store.partitionOf(own[0]!), notification.id);
  expect(await test.store.client.hlen(key)).toBe(own.length + Math.min(2, own.length));
  expect(await test.store.client.pttl(key)).toBeGreaterThan(0);
});

it('counts against a cap once, however often it is done, and what cannot be said not at all', async () => {
  await device('a', { user: 'anna' });
  await caps.save(app, { category: 'news', max: 2, seconds: 60 });
  const unsayable = await accepted({ title: '{{ device.attributes.n }}' }, { category: 'news' });
  expect((await worker().prepare(unsayable, ['a'])).deviceIds).toEqual([]);
  const first = await accepted(undefined, { category: 'news' });
  for (let i = 0; i < 3; i++) {
    const { deviceIds } = await worker().prepare(first, ['a']);
    await deposit(first, deviceIds);
  }
  const second = await accepted({ title: '{{ device.id }}' }, { category: 'news' });
  expect((await worker().prepare(second, ['a'])).deviceIds).toEqual(['a']);
  const third = await accepted(undefined, { category: 'news' });
  for (let i = 0; i < 2; i++) {
    const { deviceIds } = await worker().prepare(third, ['a']);
    await deposit(third, deviceIds);
  }
  const delivery = await inbox.delivery(third.id, 'a');
  expect(delivery?.steps).toMatchObject([{ state: 'queued' }, { state: 'suppressed', detail: 'cap news' }]);
});

it('gives up a template that takes too long', async () => {
  const ids = Array.from({ length: 600 }, (_, i) => `d-${i}`);
  const own = ids.filter((id) => test.store.partitionOf(id) === test.store.partitionOf(ids[0]!)).slice(0, 12);
  await Promise.all(own.map((id) => device(id)));
  const items = Array.from({ length: 3_000 }, (_, i) => i);
  const loop =
    '{% for a in items %}{% for b in items %}{% for c in items %}{% endfor %}{% endfor %}{% endfor %}';
  const notification = await accepted({ title: `${loop}{{ device.id }}`, variables: { items } });
  const begun = Date.now();
  expect((await worker().prepare(notification, own)).deviceIds).toEqual([]);
  expect(Date.now() - begun).toBeLessThan(own.length * 400);
  const last = await inbox.delivery(notification.id, own.at(-1)!);
  expect(last?.steps.at(-1)?.detail).toBe('content: took too long for others before this device');
});
