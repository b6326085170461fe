import {
  type DeviceDirectory,
  type DeviceLogin,
  type Geofence,
  INBOX_START,
  newNotificationId,
  type Notification,
  planCampaign,
  type ScramKeys,
  type TopicRule,
  turnOf,
} from '@carillon/domain';
import type { RedisClient } from '@carillon/redis';
import type { RedisInbox, Store } from '@carillon/persistence';
import { devicesOf, DUMMY_CREDENTIALS } from '@carillon/testing';
import {
  clusterStores,
  RedisAccounts,
  RedisArchive,
  RedisFastTokens,
  RedisStreams,
} from '@carillon/transports';
import {
  AccountRecords,
  AudienceResolver,
  Dispatcher,
  DispatchPublisher,
  EdgeRegistry,
  PacedNotifications,
  Recaller,
  RedisCampaigns,
  RedisIdempotency,
  RedisMqttUsers,
  RedisNotifications,
  RedisGeofences,
  RedisPositions,
  RedisSegments,
  RedisUsers,
  RedisWebhooks,
  WaitingDevices,
  WebhookQueue,
} from '@carillon/persistence';
import type { SentCommand } from './command-recorder.js';

interface DefinedScript {
  readonly lua: string;
  readonly sha: string;
}

/**
 * One Redis reads streams of several tags at once, and some scripts take all of them, as do calls of one script that were gathered
 * (docs/adr/0015); a cluster never does.
 */
export function spanningOneRedis(client: RedisClient): (command: SentCommand) => boolean {
  const { scriptsSet } = client as unknown as { scriptsSet: Record<string, DefinedScript> };
  const names = Object.getOwnPropertyNames(scriptsSet).filter((name) => name.endsWith('-many'));
  const spanning = new Set(
    ['record-steps', 'count-receipts', 'find-waiting', ...names].flatMap((name) => {
      const { lua, sha } = scriptsSet[name]!;
      return [lua, sha];
    }),
  );
  return ({ name, args }) => name === 'xreadgroup' || (name.startsWith('eval') && spanning.has(args[0]!));
}

/** Takes two notifications back, of which 40 devices each wait for the first and have the second. */
export async function recallBoth(
  store: Store,
  { notifications, inbox }: { notifications: RedisNotifications; inbox: RedisInbox },
  [waiting, arrived]: readonly string[],
): Promise<void> {
  const dispatcher = new Dispatcher(new EdgeRegistry(store), new DispatchPublisher(store));
  const recaller = new Recaller(store, notifications, inbox, dispatcher);
  const recall = async (id: string) => recaller.recall((await notifications.find(id))!, Date.now());
  expect(await recall(waiting!)).toMatchObject({ withdrawn: 40, told: 0 });
  expect(await recall(arrived!)).toMatchObject({ withdrawn: 0, told: 40 });
  expect(await inbox.counts(waiting!, store.allPartitions())).toMatchObject({ recalled: 40, pending: 0 });
}

/** Those of one lane know whom they come after, until these are sent. */
export async function takeTurns(notifications: RedisNotifications, make: () => Notification): Promise<void> {
  const idempotency = (n: number) => ({ keyHash: 'turns', digest: String(n) });
  const id = () => notifications.newId('default', idempotency(0), Date.now());
  const [first, second] = [
    { ...make(), id: id() },
    { ...make(), id: id() },
  ];
  const turn = turnOf(first)!;
  await notifications.accept(first);
  await notifications.accept(second);
  expect(await notifications.findInTurn(second.id, turn)).toMatchObject({ before: [first.id] });
  await notifications.finishDirect(first.id, [0, 1], Date.now(), turn);
  expect(await notifications.find(first.id)).toMatchObject({ status: 'sent', partitions: [0, 1] });
  const alone = await notifications.findInTurn(second.id, turn);
  expect(alone).toMatchObject({ record: { status: 'accepted' }, before: [] });
  await notifications.leaveTurn(second.id, turn);
}

/** One of two requests with the same key does the work, the other gets its answer; and many are accepted at once. */
export async function acceptOnce(store: Store, make: () => Notification): Promise<void> {
  const records = new RedisIdempotency(store);
  const key = { keyHash: 'once', digest: 'd' };
  const now = Date.now();
  expect(await records.claim('default', key, 'a', now)).toEqual({ outcome: 'claimed' });
  expect(await records.claim('default', key, 'b', now)).toEqual({ outcome: 'pending' });
  expect(await records.claim('default', { ...key, digest: 'e' }, 'b', now)).toEqual({ outcome: 'mismatch' });
  // Whoever claimed it has died: somebody else does the work, and the dead one's answer counts no more.
  expect(await records.claim('default', key, 'b', now + 120_001)).toEqual({ outcome: 'claimed' });
  await records.settle('default', key, 'a', 'late');
  await records.settle('default', key, 'b', 'answer');
  expect(await records.claim('default', key, 'c', now)).toEqual({ outcome: 'answered', answer: 'answer' });
  const notifications = [make(), make()];
  const repository = new RedisNotifications(store);
  const acceptances = await repository.acceptAll(notifications.map((notification) => ({ notification })));
  expect(acceptances).toEqual(notifications.map(({ id }) => ({ outcome: 'accepted', id })));
}

/** A device comes into a fence, stays, and leaves. */
export async function visitFence(store: Store): Promise<void> {
  const positions = new RedisPositions(store);
  const geofences = new RedisGeofences(store);
  const fence: Geofence = {
    id: 'fence',
    app: 'default',
    area: { circle: { lat: 1, lon: 1, radius: 100 } },
    triggers: ['dwell'],
    dwellSeconds: 1,
    hysteresis: 0,
    notification: { content: { kind: 'message', data: {} }, ttl: 1 },
    createdAt: 0,
    updatedAt: 0,
  };
  await geofences.save(fence);
  expect(await geofences.all('default')).toEqual([fence]);
  const at = Date.now() + 1_000;
  const before = await positions.place('default', 'device-10', { lat: 1, lon: 1, at });
  expect(before).toMatchObject({ outcome: 'placed', visits: [] });
  expect(await positions.begin('device-10', fence, at)).toBe(at);
  await positions.note('device-10', 'fence', at, 'dwell', { since: at, count: 1 });
  expect(await positions.visits('device-10')).toEqual([{ fenceId: 'fence', since: at, fired: ['dwell'] }]);
  await positions.end('device-10', 'fence', at, at + 1);
  expect(await positions.visits('device-10')).toEqual([]);
  expect(await positions.stand('device-10')).toMatchObject({ position: { lat: 1, lon: 1, at }, visits: [] });
}

/** A segment is written, found by an expression that refers to it, and deleted. */
export async function useSegment(store: Store): Promise<void> {
  const segments = new RedisSegments(store);
  const resolver = new AudienceResolver(store, new RedisUsers(store));
  const now = Date.now();
  const audience = { device: ['device-1'] };
  await segments.change('default', 'one', () => ({ name: 'one', audience, createdAt: now, updatedAt: now }));
  const query = await resolver.open('default', { segment: ['one'] }, now);
  expect([...(await query.named())!.values()]).toEqual([['device-1']]);
  await segments.change('default', 'one', () => null);
  expect(await segments.list('default')).toEqual([]);
}

/** The way of a webhook's batch: queued, claimed, failed, tried again, given up, replayed, delivered. */
export async function sendByWebhook(store: Store): Promise<void> {
  const webhooks = new RedisWebhooks(store);
  const queue = new WebhookQueue(store, { entries: 2, batches: 10, letters: 10, gatherMs: 0 });
  const now = Date.now();
  const id = 'hook';
  await webhooks.create({
    id,
    app: 'default',
    url: 'https://example.org/',
    events: ['delivery.expired'],
    enabled: true,
    secret: 'whsec_AAAA',
    createdAt: now,
    updatedAt: now,
  });
  const event = (n: number) => ({ id: `e${n}`, type: 'delivery.expired' as const, at: '' });
  for (const n of [1, 2, 3]) await queue.add(id, [event(n)], now);
  expect(await queue.health(id)).toEqual({ dropped: 1, waiting: 0 });
  const first = (await queue.claim(id, now, 1_000))!;
  expect(JSON.parse(first.events)).toEqual([event(2), event(3)]);
  expect(await queue.claim(id, now, 1_000)).toBeUndefined();
  // Its lease is over: somebody else has it, and the first one's word counts no more.
  const second = (await queue.claim(id, now + 1_001, 1_000))!;
  expect(second.id).toBe(first.id);
  await queue.settle(id, first, { result: 'delivered' }, now);
  expect(await queue.settle(id, second, { result: 'retry', error: 'x', nextAt: now }, now + 5)).toBe(now + 5);
  const third = (await queue.claim(id, now, 1_000))!;
  expect(third).toMatchObject({ id: first.id, attempts: 1 });
  await queue.settle(id, third, { result: 'dead', error: 'y' }, now);
  const [letter] = await queue.letters(id, undefined, 10);
  expect(letter).toMatchObject({ id: first.id, attempts: 2, reason: 'y' });
  expect(await queue.letter(id, letter!.letterId)).toEqual(letter);
  expect(await queue.replay(id, letter!.letterId, now)).toBe(true);
  const fourth = (await queue.claim(id, now, 1_000))!;
  expect(await queue.settle(id, fourth, { result: 'delivered' }, now)).toBeUndefined();
  expect(await queue.health(id)).toEqual({ dropped: 1, waiting: 0, lastSuccessAt: now });
  expect(await webhooks.change(id, { enabled: false, disabledReason: 'why' })).toBe(true);
  expect(await webhooks.find(id)).toMatchObject({ enabled: false, disabledReason: 'why' });
  await webhooks.delete(id);
  expect(await webhooks.change(id, { enabled: true })).toBe(false);
  await queue.add(id, [event(4)], now);
  expect(await queue.claim(id, now, 1_000)).toBeUndefined();
  expect(await webhooks.all()).toEqual([]);
}

/** An MQTT user: made, given other rules, given another password, deleted. */
export async function keepMqttUsers(store: Store): Promise<void> {
  const users = new RedisMqttUsers(store);
  const [keys, others] = [DUMMY_CREDENTIALS.scramSha256, { ...DUMMY_CREDENTIALS.scramSha256, salt: 'AAAA' }];
  const write = (rules: readonly TopicRule[], own: ScramKeys, replacesKeys: boolean) =>
    users.write('orders', { rules, keys: own, replacesKeys }, Date.now());
  expect(await write([], keys, false)).toBe('created');
  const { revision } = (await users.find('orders'))!;
  const rules = [{ right: 'read', filter: 'orders/#' }] as const;
  expect(await write(rules, others, false)).toBe('changed');
  expect(await users.find('orders')).toMatchObject({ rules, keys });
  expect((await users.revisions()).get('orders')).not.toBe(revision);
  expect(await write(rules, others, true)).toBe('changed');
  expect((await users.list()).map((user) => user.keys)).toEqual([others]);
  expect(await users.delete('orders')).toBe(true);
  expect(await users.delete('orders')).toBe(false);
  expect((await users.revisions()).size).toBe(0);
}

/** An XMPP session's state: saved on one edge, claimed by another, released. */
async function moveXmppSession({ client, keys }: Store): Promise<void> {
  const [first, second] = [new RedisStreams(client, keys, 'e1'), new RedisStreams(client, keys, 'e2')];
  const login = { credentials: DUMMY_CREDENTIALS } as unknown as DeviceLogin;
  const directory = { login: () => Promise.resolve(login) } as unknown as DeviceDirectory;
  const tokens = new RedisFastTokens(client, keys, directory, Buffer.alloc(32));
  const phone = { username: 'roamer', clientId: 'phone', mechanism: 'HT-SHA-256-NONE' } as const;
  const { token } = await tokens.issue(phone, login);
  expect(await tokens.used(phone, token, 1)).toBe(true);
  await first.save([{ account: 'roamer', id: 'sm', state: 's' }], 60_000);
  expect(await second.claim('roamer', 'sm', 60_000)).toEqual({ state: 's', own: false });
  const accounts = new RedisAccounts(client, keys);
  expect(await accounts.change('roamer', 'push', new Map([['p.example', '{}']]))).toBe('gone');
  const archive = new RedisArchive(client, keys, { warn: () => undefined });
  const owner = { id: 'roamer', credentials: DUMMY_CREDENTIALS };
  archive.keep(owner, 'n1', 1);
  expect(await archive.list(owner)).toEqual([{ id: 'n1', at: 1 }]);
  await second.release('roamer', 'sm');
  expect(await first.claim('roamer', 'sm', 60_000)).toBeUndefined();
}

/** An MQTT session: recorded by one broker, inherited from it by another; the log between them. */
async function inheritMqttSession({ client, keys }: Store, connect: () => RedisClient): Promise<void> {
  const live = new Set(['b1', 'b2']);
  const adopted: string[] = [];
  const broker = async (brokerId: string) => {
    const nothing = (): void => undefined;
    const stores = clusterStores({
      brokerId,
      client,
      keys,
      connect,
      liveBrokers: () => Promise.resolve(live),
      supervise: (_what, work) => void work.catch(nothing),
      logger: { info: nothing, warn: nothing },
    });
    await stores.log.start({
      retained: nothing,
      shares: nothing,
      entry: nothing,
      passed: nothing,
      interrupted: nothing,
    });
    await stores.sessions.start({
      yield: () => Promise.resolve(),
      lost: nothing,
      adopt: (clientId) => Promise.resolve(void adopted.push(clientId)),
      left: () => Promise.resolve(),
    });
    return stores;
  };
  const first = await broker('b1');
  const { hold } = await first.sessions.claim('roamer', false);
  hold.record({ op: 'attached', identity: '', expiryInterval: 60, will: undefined });
  const subscription = {
    filter: 't',
    qos: 1,
    noLocal: false,
    retainAsPublished: false,
    identifiers: undefined,
  } as const;
  hold.record({ op: 'subscribed', subscription, routed: true });
  await hold.flushed();
  await first.log.announce('$share/g/t', 'online');
  const second = await broker('b2');
  expect(await second.log.checkpoint(second.log.position)).toBe(true);
  live.delete('b1');
  await second.sessions.inherit();
  expect(adopted).toEqual(['roamer']);
  for (const { sessions, log } of [first, second]) {
    await sessions.stop();
    await log.stop();
  }
}

/** Sessions of XMPP and MQTT from one edge to another. */
export async function moveSessions(store: Store, connect: () => RedisClient): Promise<void> {
  await moveXmppSession(store);
  await inheritMqttSession(store, connect);
}

/** Gives a device to another user: what waits for it is purged with it, in its partition. */
export async function moveDevice(store: Store, inbox: RedisInbox): Promise<void> {
  const told: string[] = [];
  const devices = devicesOf(store, undefined, (id) => Promise.resolve(void told.push(id)));
  const app = 'default';
  await devices.create(app, 'moving', { user: 'ann' }, DUMMY_CREDENTIALS);
  const now = Date.now();
  const ids = Array.from({ length: 3 }, () => newNotificationId(now));
  const about = { app, expiresAt: now + 60_000, onlineOnly: false };
  for (const notificationId of ids) await inbox.deposit({ ...about, notificationId }, ['moving'], now);
  const accounts = new RedisAccounts(store.client, store.keys);
  expect(await accounts.change('moving', 'push', new Map([['p.example', '{}']]))).toBe('kept');
  const records = new AccountRecords(store);
  expect((await records.pushServices(['moving', 'device-1'])).size).toBe(1);
  await devices.update(app, 'moving', { user: 'bob' });
  expect(await records.all('moving')).toEqual([]);
  expect(told).toEqual(['moving']);
  for (const id of ids) expect((await inbox.delivery(id, 'moving'))?.state).toBe('purged');
  expect(await inbox.read('moving', INBOX_START, 10)).toEqual([]);
  expect(await devices.delete(app, 'moving')).toBe('deleted');
}

/** Names of a group's consumers, once those that are gone are forgotten, or after a while. */
export async function consumersLeft(client: RedisClient, stream: string, group: string): Promise<string[]> {
  for (let looks = 0; ; looks++) {
    const found = (await client.xinfo('CONSUMERS', stream, group)) as [string, string, ...unknown[]][];
    const names = found.map(([, name]) => name);
    if (names.length <= 1 || looks === 100) return names;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A paced notification: devices wait for their turn, some have it, it is paused and goes on, the rest is passed over. */
async function giveTurns(store: Store, notification: Notification): Promise<void> {
  const deviceIds = Array.from({ length: 12 }, (_, i) => `device-${i}`);
  const [paced, waiting] = [new PacedNotifications(store), new WaitingDevices(store)];
  const notifications = new RedisNotifications(store);
  const { id } = notification;
  const now = Date.now();
  await notifications.accept({
    ...notification,
    pace: { perSecond: 100, ramp: undefined, windows: [], zone: 'UTC', notAfter: now + 1_000 },
  });
  const partitions = [...new Set(deviceIds.map((deviceId) => store.partitionOf(deviceId)))];
  await paced.enlist(id, now);
  for (const partition of partitions) {
    const own = deviceIds.filter((deviceId) => store.partitionOf(deviceId) === partition);
    await waiting.add(notification, partition, new Map(own.map((deviceId) => [deviceId, now])));
    await waiting.defer(id, partition, new Map([[own[0]!, now]]));
  }
  expect(await paced.due(store.laneOf(id), now, 10)).toContain(id);
  expect(await waiting.count(id, partitions)).toBe(deviceIds.length);
  expect(await paced.permits(id, 100, 50, now)).toEqual({ granted: 11, wait: 10 });
  expect(await notifications.pause(id, true, now)).toBe('done');
  expect((await notifications.find(id))!).toMatchObject({ paused: true, status: 'accepted' });
  expect(await notifications.pause(id, false, now)).toBe('done');
  const [first, ...rest] = await waiting.due(id, partitions, now, 1);
  await waiting.remove(id, first!);
  expect(await waiting.suppress(notification, rest, 'not after')).toBe(rest.length);
  await waiting.clear(id, partitions);
  expect(await waiting.next(id, partitions)).toBeUndefined();
  expect(await paced.finish(id, now)).toBe(false);
  await notifications.beginFanOut(id, [], now);
  expect(await paced.finish(id, now)).toBe(true);
  expect(await notifications.pause(id, true, now)).toBe('over');
}

/** A campaign with a run, which is paused, goes on and is cancelled; then it is deleted. */
async function carryOut(store: Store, template: Notification): Promise<void> {
  const campaigns = new RedisCampaigns(store);
  const notifications = new RedisNotifications(store);
  const now = Date.now();
  const [id, app] = [campaigns.newId(now), template.app];
  const { audience } = template;
  const variants = [{ name: 'all', share: 10_000, template }];
  const plan = { name: 'c', audience, variants, holdOut: 0, scheduledFrom: now };
  const who = { createdAt: now, createdBy: 'k', editedAt: now, editedBy: 'k' };
  const fields = {
    app,
    state: 'running',
    plan,
    given: {},
    open: [],
    startedAt: now,
    plannedTo: now - 1,
    ...who,
  } as const;
  await campaigns.create(id, fields, { at: now, by: 'k', action: 'create', state: 'draft' }, now);
  const fits = (each: string): boolean => campaigns.isBeside(id, each);
  const trigger = { geofence: 'g', on: ['enter'] } as const;
  await campaigns.change(id, now, (campaign) => {
    const { notifications: begun, runs, open } = planCampaign(campaign, new Map(), now, fits)!;
    const commands = begun.map((notification) => ({ verb: 'begin', notification }) as const);
    return { fields: { open }, runs, commands, lookAt: now, trigger };
  });
  expect([...(await campaigns.triggered(app)).keys()]).toEqual([id]);
  expect((await campaigns.claim(store.laneOf(id), now, 10, 5_000)).ids).toContain(id);
  const { parts } = (await campaigns.runs(id, Infinity, 10))[0]!;
  const { notificationId } = parts[0]!;
  for (const verb of ['pause', 'resume', 'cancel'] as const)
    await campaigns.change(id, now, () => ({
      fields: {},
      commands: [{ verb, notificationId }],
      trigger: 'none',
    }));
  expect((await notifications.find(notificationId))!.status).toBe('cancelled');
  expect((await campaigns.page(app, undefined, 10)).map((each) => each.id)).toEqual([id]);
  expect(await campaigns.changes(id)).toHaveLength(1);
  expect(await campaigns.delete((await campaigns.find(id))!)).toBe(true);
  expect(await campaigns.find(id)).toBeUndefined();
}

/** What spreads over time: paced notifications and campaigns. */
export async function takeTime(store: Store, make: () => Notification): Promise<void> {
  await giveTurns(store, make());
  await carryOut(store, make());
}
