import { claim } from '@carillon/domain/testing';
import {
  type FanOutTask,
  INBOX_START,
  newNotificationId,
  type Notification,
  type Receipt,
} from '@carillon/domain';
import {
  AudienceResolver,
  byShard,
  DispatchPublisher,
  DispatchReader,
  type EdgeMessages,
  EdgeRegistry,
  Lease,
  parseReceipts,
  ReceiptCounter,
  RedisApiKeys,
  type RedisDevices,
  RedisGroups,
  RedisInbox,
  RedisNotifications,
  RedisPresence,
  RedisUsers,
} from '@carillon/persistence';
import { ClientRedisStreams, DeadLetters, StreamConsumer, type StreamConsumerOptions } from '@carillon/queue';
import { isCluster, settleInstallation } from '@carillon/redis';
import { devicesOf, DUMMY_CREDENTIALS, testRedisUrl, testStore, type TestStore } from '@carillon/testing';
import { lastValueFrom } from 'rxjs';
import * as parts from '../support/cluster-parts.js';
import { tellEach } from '../support/content-parts.js';
import { CommandRecorder, hashTagOf } from '../support/command-recorder.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { unusedScripts } from '../support/script-forms.js';
import { useRegistration } from '../support/use-registration.js';
import { until } from '../support/until.js';

const { tokenHash } = DUMMY_CREDENTIALS;

/**
 * The way of a notification through every repository, on one Redis and on a real cluster: there a command, script or pipeline
 * that leaves its hash slot fails. What is sent is written down too, so that the one Redis shows it as well.
 */
const APP = 'default';
const GROUP = 'workers';
const PARTITIONS = 6;
const LANES = 3;
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await RedisCluster.start();
});
afterAll(() => cluster.stop());

describe.each([
  ['one Redis', () => [testRedisUrl()]],
  ['a cluster', () => cluster.urls],
])('on %s', (where, urls) => {
  const recorder = new CommandRecorder();
  const consumers: StreamConsumer[] = [];
  let test: TestStore;
  let inbox: RedisInbox;
  let presence: RedisPresence;
  let notifications: RedisNotifications;
  let users: RedisUsers;
  let devices: RedisDevices;
  let groups: RedisGroups;
  let audience: AudienceResolver;
  const now = Date.now();
  const ids = Array.from({ length: 40 }, (_, i) => `device-${i}`);

  const connect = () => recorder.watch(test.connect());
  beforeAll(() => {
    test = testStore(PARTITIONS, LANES, urls());
    const { store } = test;
    recorder.watch(store.client);
    inbox = new RedisInbox(store, { maxEntries: 3 });
    presence = new RedisPresence(store);
    notifications = new RedisNotifications(store);
    users = new RedisUsers(store);
    devices = devicesOf(store, users);
    groups = new RedisGroups(store, users, devices);
    audience = new AudienceResolver(store, users);
  });
  afterAll(async () => {
    await Promise.all(consumers.map((consumer) => consumer.stop(0)));
    await test.close();
  });

  function notification(fields: Partial<Notification> = {}): Notification {
    const id = fields.id ?? newNotificationId(now);
    const base = { app: APP, kind: 'message' as const, acceptedAt: now, at: now, ttl: 60 };
    return { ...base, id, audience: { everyone: true }, expiresAt: now + 60_000, ...fields };
  }

  async function consume(
    streams: readonly string[],
    handler: StreamConsumerOptions['handler'],
    options: Partial<StreamConsumerOptions> = {},
  ): Promise<StreamConsumer> {
    const { client } = test.store;
    const consumer = new StreamConsumer({
      client,
      connect,
      streams,
      group: GROUP,
      consumer: `c-${consumers.length}`,
      handler,
      logger: quiet,
      reclaimAfterMs: 150,
      ...options,
    });
    await consumer.start();
    consumers.push(consumer);
    return consumer;
  }

  async function depositTo(id: string, deviceIds: readonly string[], collapseKey?: string) {
    const deposit = { app: APP, notificationId: id, expiresAt: now + 60_000, onlineOnly: false, collapseKey };
    const outcomes = await Promise.all(
      [...byShard(deviceIds, (id) => test.store.partitionOf(id)).values()].map((page) =>
        inbox.deposit(deposit, page, Date.now()),
      ),
    );
    return {
      deposited: outcomes.reduce((sum, each) => sum + each.deposited, 0),
      online: outcomes.flatMap((each) => each.online),
    };
  }

  it('is what it says', () => expect(isCluster(test.store.client)).toBe(where === 'a cluster'));

  it('settles the installation, API keys, leases and edges', async () => {
    const { client, keys } = test.store;
    const facts = { partitions: PARTITIONS, lanes: LANES };
    expect(await settleInstallation(client, keys, facts)).toBeUndefined();
    expect(await settleInstallation(client, keys, { ...facts, lanes: 1 })).toMatch(/CARILLON_LANES/);

    expect(await useRegistration(test.store, APP)).toEqual(['r1 opens', 'r2 opens', 'attempt 1']);
    const apiKeys = new RedisApiKeys(test.store);
    const scopes = ['send' as const];
    const key = { id: 'k1', app: APP, name: 'n', scopes, secretHash: 'ff', createdAt: now };
    await apiKeys.save(key);
    expect(await apiKeys.list(APP)).toEqual([key]);
    expect(await apiKeys.delete(APP, 'k1')).toBe(true);
    expect(await apiKeys.find('k1')).toBeUndefined();

    const [mine, yours] = ['me', 'you'].map((holder) => new Lease(test.store, 'work', holder, 5_000));
    expect([await mine!.renew(), await yours!.renew()]).toEqual([true, false]);
    await mine!.release();
    expect(await yours!.renew()).toBe(true);

    const edges = new EdgeRegistry(test.store);
    await edges.heartbeat('edge-1', now);
    await edges.heartbeat('edge-dead', now - 60_000);
    expect(await edges.live(now)).toEqual(new Set(['edge-1']));
    expect(await edges.dead(now)).toEqual(['edge-dead']);
    await edges.leave('edge-dead');
  });

  it('keeps devices, users and groups', async () => {
    for (const [i, id] of ids.entries()) {
      const position = { lat: i / 10, lon: i / 10, at: now };
      const created = await devices.create(
        APP,
        id,
        { user: `user-${i % 10}`, tags: [i % 2 ? 'odd' : 'even'], attributes: { n: i }, position },
        DUMMY_CREDENTIALS,
      );
      expect(created).toBe(true);
    }
    expect(await devices.create(APP, ids[0]!, {}, DUMMY_CREDENTIALS)).toBe(false);
    expect(await devices.update(APP, ids[0]!, { user: 'user-3', tags: ['odd', 'new'] })).toBe(true);
    expect(await devices.rotate(APP, ids[0]!, DUMMY_CREDENTIALS)).toBe(true);
    expect(await devices.login(ids[0]!)).toMatchObject({ user: 'user-3', credentials: DUMMY_CREDENTIALS });
    expect((await users.devices(APP, 'user-3')).sort()).toEqual([
      'device-0',
      'device-13',
      'device-23',
      'device-3',
      'device-33',
    ]);

    await groups.add(APP, 'g', { user: 'user-3' });
    await groups.add(APP, 'g', { device: 'device-5' });
    expect(await groups.members(APP, 'g', undefined, 10)).toEqual(['device:device-5', 'user:user-3']);
    expect((await devices.find(APP, 'device-13'))!.groups).toEqual(['g']);

    const found: string[] = [];
    let next: string | undefined;
    do {
      const page = await devices.page(APP, next, 7);
      found.push(...page.devices.map(({ id }) => id));
      next = page.next;
    } while (next);
    expect(found.sort()).toEqual([...ids].sort());
  });

  it('finds every kind of audience', async () => {
    const find = async (whom: Notification['audience']) => {
      const query = await audience.open(APP, whom, now);
      const named = await query.named();
      if (named) return [...named.values()].flat();
      const found: string[] = [];
      for (const partition of await query.partitions())
        for await (const page of query.pages(partition)) found.push(...page);
      return found;
    };
    expect((await find({ everyone: true })).sort()).toEqual([...ids].sort());
    expect((await find({ group: ['g'] })).length).toBe(6);
    expect(await find({ tag: ['new'] })).toEqual(['device-0']);
    expect((await find({ user: ['user-1'] })).length).toBe(4);
    expect(await find({ device: ['device-1', 'nobody'] })).toEqual(['device-1']);
    expect(await find({ area: { circle: { lat: 1, lon: 1, radius: 1_000 } } })).toEqual(['device-10']);
    const mixed = {
      all: [
        { tag: ['odd'] },
        { not: { user: ['user-1'] } },
        { any: [{ group: ['g'] }, { area: { circle: { lat: 0.7, lon: 0.7, radius: 1_000 } } }] },
      ],
    };
    await parts.useSegment(test.store);
    await parts.visitFence(test.store);
    expect((await find(mixed)).sort()).toEqual([
      'device-0',
      'device-13',
      'device-23',
      'device-3',
      'device-33',
      'device-5',
      'device-7',
    ]);
  });

  it('accepts once per idempotency key, for now or for later, and cancels', async () => {
    const idempotency = { keyHash: 'aa', digest: 'bb' };
    const id = notifications.newId(APP, idempotency, now);
    expect(await notifications.earlier(APP, idempotency)).toBeUndefined();
    expect(await notifications.accept(notification({ id }), idempotency)).toEqual({
      outcome: 'accepted',
      id,
    });
    const again = notification({ id: notifications.newId(APP, idempotency, now) });
    expect(await notifications.accept(again, idempotency)).toEqual({ outcome: 'replayed', id });
    expect(await notifications.accept(again, { ...idempotency, digest: 'cc' })).toEqual({
      outcome: 'mismatch',
      id,
    });
    expect(await notifications.earlier(APP, idempotency)).toEqual({ outcome: 'replayed', id });

    const later = notification({ at: now + 1_000 });
    const never = notification({ at: now + 1_000 });
    await Promise.all([later, never].map((each) => notifications.accept(each)));
    expect(await notifications.cancel(never.id, now)).toBe('scheduled');
    expect(await notifications.status(never.id)).toBe('cancelled');
    expect((await notifications.find(later.id))!.notification.at).toBe(now + 1_000);
    const moved = await Promise.all(
      test.store.allLanes().map((lane) => notifications.claimDue(lane, now + 1_000, 10)),
    );
    expect(moved.reduce((sum, each) => sum + each.moved, 0)).toBe(1);
    await parts.acceptOnce(test.store, () => notification({ at: now + 60_000 }));

    const loaded = await notifications.load('device-1', [id, later.id, 'unknown', never.id]);
    expect(loaded.map((each) => each?.id)).toEqual([id, later.id, undefined, never.id]);

    const seen: string[] = [];
    await consume(test.store.allLanes().map(test.store.keys.intake), async ({ data }) => {
      seen.push((JSON.parse(data) as { notificationId: string }).notificationId);
    });
    await until('both are read', () => seen.length === 2);
    expect(seen.sort()).toEqual([id, later.id].sort());
  });

  it('fans out in tasks that are read by a consumer, deposits, and is sent when the last is done', async () => {
    const one = notification();
    await notifications.accept(one);
    const tasks = await (await audience.open(APP, one.audience, now)).tasks();
    expect(await notifications.beginFanOut(one.id, tasks, now)).toBe('begun');
    expect(await notifications.beginFanOut(one.id, tasks, now)).toBe('already');
    await consume(test.store.allLanes().map(test.store.keys.fanOut), async ({ data }) => {
      const { notificationId, partitions } = JSON.parse(data) as FanOutTask;
      const query = await audience.open(APP, one.audience, now);
      for (const partition of partitions)
        for await (const page of query.pages(partition)) await depositTo(notificationId, page);
      await notifications.finishTask(notificationId, partitions, now);
    });
    await until('it is sent', async () => (await notifications.find(one.id))!.status === 'sent');
    expect(await inbox.counts(one.id, test.store.allPartitions())).toMatchObject({ queued: 40, pending: 40 });

    await parts.takeTurns(notifications, () => notification({ audience: { device: ['device-0'] } }));
  });

  it('makes room by collapse key and by bound, and says who is online where', async () => {
    const edge = 'edge-1';
    const claims = await Promise.all(
      ids.slice(0, 10).map((id) => claim({ presence, tokenHash }, id, 'mqtt', edge)),
    );
    const second = await claim({ presence, tokenHash }, 'device-0', 'mqtt', 'edge-2');
    expect(second.displaced).toEqual([{ transport: 'mqtt', edgeId: edge, epoch: claims[0]!.epoch }]);
    expect(await presence.connections('device-0')).toEqual([
      { transport: 'mqtt', edgeId: 'edge-2', epoch: second.epoch },
    ]);

    const sent = Array.from({ length: 4 }, () => newNotificationId(now));
    await Promise.all(sent.map((id) => notifications.accept(notification({ id }))));
    expect((await depositTo(sent[0]!, ids, 'topic')).deposited).toBe(40);
    const collapsing = await depositTo(sent[1]!, ids, 'topic');
    expect(collapsing).toMatchObject({ deposited: 40 });
    expect(collapsing.online.map(({ deviceId }) => deviceId).sort()).toEqual(ids.slice(0, 10).sort());
    await depositTo(sent[2]!, ids);
    await depositTo(sent[3]!, ids);
    const all = test.store.allPartitions();
    expect(await inbox.counts(sent[0]!, all)).toMatchObject({ queued: 40, collapsed: 40, pending: 0 });
    expect(
      (await inbox.read('device-1', INBOX_START, 10)).map(({ notificationId }) => notificationId),
    ).toEqual(sent.slice(1));
    expect(await inbox.floor('device-1')).toBeGreaterThan(0);
    expect([...(await inbox.waiting(['nobody', ...ids]))].toSorted()).toEqual(ids.toSorted());
    const steps = ids.map((deviceId) => ({
      app: APP,
      deviceId,
      notificationId: sent[1]!,
      state: 'acknowledged' as const,
      at: now,
      transport: 'mqtt',
    }));
    await inbox.record(steps);
    expect(await inbox.counts(sent[1]!, all)).toMatchObject({ acknowledged: 40, pending: 0 });
    await parts.recallBoth(test.store, { notifications, inbox }, [sent[2]!, sent[1]!]);
    expect((await inbox.delivery(sent[1]!, 'device-7'))!.state).toBe('acknowledged');
    await presence.release('device-0', second.epoch);
    expect(await presence.releaseEdge(edge, Number.MAX_SAFE_INTEGER)).toBe(9);
    expect(await presence.connections('device-1')).toEqual([]);
  });

  it('counts receipts once, read from the streams of all partitions', async () => {
    const counter = new ReceiptCounter(test.store, GROUP);
    const { keys, client } = test.store;
    const counted: Receipt[] = [];
    await consume(test.store.allPartitions().map(keys.receipts), async ({ stream, id, data }) => {
      const receipts = parseReceipts(data);
      if (await counter.count(stream, id, receipts)) counted.push(...receipts);
      expect(await counter.count(stream, id, receipts)).toBe(false);
    });
    await until('the streams are empty', async () => {
      const lengths = await Promise.all(
        test.store.allPartitions().map((partition) => client.xlen(keys.receipts(partition))),
      );
      return lengths.every((length) => length === 0);
    });
    const day = new Date(now).toISOString().slice(0, 10);
    const stats = await Promise.all(
      test.store.allPartitions().map((partition) => client.hgetall(keys.stats(partition, APP, day))),
    );
    const sum = (field: string) => stats.reduce((total, each) => total + Number(each[field] ?? 0), 0);
    expect(sum('a|mqtt')).toBe(40);
    expect(sum('q')).toBe(240);
    expect(
      counted.filter(({ state }) => state === 'queued').reduce((total, { count }) => total + count, 0),
    ).toBe(240);
  });

  it('expires', async () => {
    const id = newNotificationId(now);
    await notifications.accept(notification({ id }));
    const deposit = { app: APP, notificationId: id, expiresAt: now + 1_000, onlineOnly: false };
    const partition = test.store.partitionOf('device-9');
    await inbox.deposit(deposit, ['device-9'], now);
    const later = now + 1_000;
    expect(await inbox.partitionsWithExpired(later)).toEqual([partition]);
    expect(await inbox.expired(partition, later, 10)).toEqual([id]);
    const { deliveries } = await inbox.openDeliveries(partition, id, '0', 10);
    expect(deliveries.map(({ deviceId }) => deviceId)).toEqual(['device-9']);
    expect(await inbox.forgetExpiry(partition, id, '0')).toBe(false);
    expect(await inbox.forgetExpiry(partition, id, await inbox.deposits(partition, id))).toBe(true);
    expect(await inbox.partitionsWithExpired(later)).toEqual([]);
  });

  it('posts to webhooks', () => expect(parts.sendByWebhook(test.store)).resolves.toBeUndefined());

  it('keeps MQTT users', () => expect(parts.keepMqttUsers(test.store)).resolves.toBeUndefined());

  it('dispatches to edges', async () => {
    const got: EdgeMessages = { dispatches: [], notices: [] };
    const readers = ['edge-1', 'edge-2'].map(
      (edgeId) =>
        new DispatchReader({
          store: test.store,
          edgeId,
          connect,
          onMessages: ({ dispatches, notices }) => {
            got.dispatches.push(...dispatches);
            got.notices.push(...notices);
          },
          onError: () => undefined,
        }),
    );
    await Promise.all(readers.map((reader) => reader.start()));
    const publisher = new DispatchPublisher(test.store);
    const content = { id: 'n', app: APP, contentJson: '{"id":"n"}', expiresAt: now + 1_000 };
    const target = { deviceId: 'device-1', transport: 'mqtt', epoch: 1, seq: 2, previousSeq: 1 };
    const connections = [{ transport: 'mqtt', edgeId: 'edge-2', epoch: 7 }];
    await Promise.all([
      publisher.publish('edge-1', { content, targets: [target] }),
      publisher.notify(connections, 'device-2', 'taken-over'),
    ]);
    await until('both arrive', () => got.dispatches.length + got.notices.length === 2);
    expect(got.dispatches).toEqual([{ content, targets: [target] }]);
    expect(got.notices).toEqual([
      { deviceId: 'device-2', transport: 'mqtt', epoch: 7, reason: 'taken-over' },
    ]);
    await Promise.all(readers.map((reader) => reader.stop()));
  });

  it('takes over from a dead consumer, buries what keeps failing, and replays it', async () => {
    const { client, keys } = test.store;
    const streams = test.store.allLanes().map(keys.deviceEvents);
    const sender = new ClientRedisStreams({
      client,
      keyFor: (_, data) => keys.deviceEvents((data as { lane: number }).lane),
    });
    for (const lane of test.store.allLanes()) await lastValueFrom(sender.emit('device-events', { lane }));
    for (const stream of streams) {
      await client.xgroup('CREATE', stream, GROUP, '0');
      await client.xreadgroup('GROUP', GROUP, 'dead', 'STREAMS', stream, '>');
    }
    let broken = true;
    const seen: string[] = [];
    await consume(
      streams,
      async ({ data, deliveries }) => {
        if (broken) throw new Error('broken');
        seen.push(`${data} ${deliveries}`);
      },
      { maxDeliveries: 2, forgetAfterMs: 400 },
    );
    const letters = new DeadLetters(client);
    const dead = () => Promise.all(streams.map((stream) => letters.list(stream, 10)));
    await until('all are dead', dead, (all) => all.every((each) => each.length === 1));
    broken = false;
    for (const [i, [letter]] of (await dead()).entries()) {
      expect(letter).toMatchObject({ reason: 'broken', deliveries: 2 });
      expect(await letters.replay(streams[i]!, letter!.id)).toBe(true);
    }
    await until('the replayed ones', () => seen.length === LANES);
    expect(seen.sort()).toEqual(test.store.allLanes().map((lane) => `{"lane":${lane}} 1`));
    for (const stream of streams)
      expect(await parts.consumersLeft(client, stream, GROUP)).not.toContain('dead');
  });

  it('moves a device to another owner', () =>
    expect(parts.moveDevice(test.store, inbox)).resolves.toBeUndefined());

  it('gives turns, carries campaigns out', () =>
    expect(parts.takeTime(test.store, () => notification({}))).resolves.toBeUndefined());

  it('forgets devices and groups', async () => {
    expect(await groups.delete(APP, 'g')).toBe(true);
    expect((await devices.find(APP, 'device-13'))!.groups).toEqual([]);
    expect(await devices.delete(APP, 'device-13')).toBe('inbox');
    const open = await inbox.read('device-13', INBOX_START, 10);
    const gone = { app: APP, deviceId: 'device-13', state: 'purged' as const, at: now };
    await inbox.record(open.map(({ notificationId }) => ({ ...gone, notificationId })));
    expect(await devices.delete(APP, 'device-13')).toBe('deleted');
    expect(await devices.find(APP, 'device-13')).toBeUndefined();
    expect(await users.devices(APP, 'user-3')).not.toContain('device-13');
  });

  it('tells each', () => expect(tellEach(test.store, notification({}))).resolves.toBeUndefined());

  it('moves sessions', () => expect(parts.moveSessions(test.store, connect)).resolves.toBeUndefined());

  it('has done all that with each command, script and pipeline within one hash tag', () => {
    const prefix = test.store.keys.install().split('{')[0]!;
    expect(recorder.sent.length).toBeGreaterThan(500);
    const spans = where === 'a cluster' ? () => false : parts.spanningOneRedis(test.store.client);
    for (const group of recorder.sent) {
      if (group.some(spans)) continue;
      const tags = new Set(group.flatMap(({ keys }) => keys.map(hashTagOf)));
      expect({ group, tags: [...tags].slice(1) }).toEqual({ group, tags: [] });
      expect(group.filter(({ keys }) => keys.some((key) => !key.startsWith(`${prefix}{`)))).toEqual([]);
      // A key that goes in as a mere argument is invisible to a cluster client.
      const hidden = group.filter(({ args, keys }) =>
        args.some((arg) => arg.startsWith(prefix) && !keys.includes(arg)),
      );
      expect(hidden).toEqual([]);
    }
  });

  it('has done all that with every script and on every node', async () => {
    expect(unusedScripts(recorder.sent.flat())).toEqual([]);
    const sizes = where === 'a cluster' ? await cluster.sizes() : [1];
    expect(Math.min(...sizes)).toBeGreaterThan(0);
  });
});
