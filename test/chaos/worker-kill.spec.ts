import { setTimeout as sleep } from 'node:timers/promises';
import { createRedis, RedisKeys, type RedisClient } from '@carillon/redis';
import { testRedisUrl } from '@carillon/testing';
import { MqttDevice, PollDevice, type TestDevice, XmppDevice } from '../support/devices.js';
import { Installation, type GatewayProcess } from '../support/gateway.js';
import { runSeed, seeded } from '../support/random.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

/** Workers are killed between deposit and acknowledgement while 1,000 notifications are under way. */
const NOTIFICATIONS = 1_000;
const DEVICES = 20;
const KILLS = 3;
const GROUP = 'workers';

const seed = runSeed();
const random = seeded(seed);
const between = (low: number, high: number): number => Math.floor(low + random() * (high - low));

const installation = new Installation();
const keys = new RedisKeys(installation.keyPrefix, 8, 1);
let redis: RedisClient;
let workers: GatewayProcess[];
let edge: GatewayProcess;
let rest: Rest;
let devices: TestDevice[];

beforeAll(async () => {
  console.info(`CHAOS_SEED=${seed}`);
  redis = createRedis({ urls: [testRedisUrl()] });
  const [api, ...others] = await Promise.all([
    installation.start('api'),
    installation.start('edge'),
    installation.start('worker'),
    installation.start('worker'),
  ]);
  [edge, ...workers] = others as [GatewayProcess, ...GatewayProcess[]];
  rest = new Rest(api.url('HTTP'), installation.adminKey);
  devices = await Promise.all(Array.from({ length: DEVICES }, (_, i) => connected(i)));
}, 60_000);

afterAll(async () => {
  await Promise.all(devices.map((device) => device.disconnect()));
  redis.disconnect();
  await installation.end();
});

async function connected(i: number): Promise<TestDevice> {
  const id = `device-${i}`;
  const token = await rest.register(id, { tags: [`quarter-${i % 4}`] });
  const device = [
    () => new MqttDevice({ id, token }, { url: edge.url('MQTT'), protocolVersion: 5 }),
    () => new XmppDevice({ id, token }, { service: edge.url('XMPP') }),
    () => new PollDevice({ id, token }, edge.url('HTTP')),
  ][i % 3]!();
  await device.connect();
  return device;
}

/** One of the ways to say whom, and whom it means. */
function target(): { audience: object; recipients: number[] } {
  const all = Array.from({ length: DEVICES }, (_, i) => i);
  const kind = random();
  if (kind < 0.6) {
    const i = between(0, DEVICES);
    return { audience: { device: `device-${i}` }, recipients: [i] };
  }
  if (kind < 0.95) {
    const quarter = between(0, 4);
    return { audience: { tag: `quarter-${quarter}` }, recipients: all.filter((i) => i % 4 === quarter) };
  }
  return { audience: { everyone: true }, recipients: all };
}

/** Entries that a worker has read and not acknowledged although a delivery of them is in an inbox already. */
async function betweenDepositAndAck({ pid }: GatewayProcess): Promise<number> {
  const perStream = await Promise.all(
    [keys.intake(0), keys.fanOut(0)].map(async (stream) => {
      const rows = (await redis.xpending(stream, GROUP, '-', '+', 500)) as [string, string][];
      const own = rows.filter(([, consumer]) => consumer.startsWith(`worker-${pid}-`));
      const deposited = await Promise.all(own.map(([id]) => isDeposited(stream, id)));
      return deposited.filter(Boolean).length;
    }),
  );
  return perStream.reduce((sum, count) => sum + count, 0);
}

async function isDeposited(stream: string, entry: string): Promise<boolean> {
  const [found] = await redis.xrange(stream, entry, entry);
  if (!found) return false;
  const { notificationId, partition } = JSON.parse(found[1][1]!) as {
    notificationId: string;
    partition?: number;
  };
  const places = partition === undefined ? Array.from({ length: keys.partitions }, (_, i) => i) : [partition];
  const lengths = await Promise.all(
    places.map((place) => redis.exists(keys.deliveries(place, notificationId))),
  );
  return lengths.includes(1);
}

/** Freezes a worker at random instants until it stands between a deposit and its acknowledgement; there it dies. */
async function killAtWork(isOver: () => boolean): Promise<number> {
  while (!isOver()) {
    const victim = workers[between(0, workers.length)]!;
    await sleep(between(0, 15));
    process.kill(victim.pid, 'SIGSTOP');
    const caught = await betweenDepositAndAck(victim);
    if (caught === 0) {
      process.kill(victim.pid, 'SIGCONT');
      continue;
    }
    await victim.end('SIGKILL');
    workers = workers.filter((worker) => worker !== victim);
    return caught;
  }
  return 0;
}

it('every notification arrives at every recipient, once, and every count is right', async () => {
  const expected = Array.from({ length: DEVICES }, () => new Set<string>());
  const sent = new Map<string, number>();
  let allSent = false;
  const caught: number[] = [];
  const replacements: Promise<void>[] = [];

  const sending = (async () => {
    for (let i = 0; i < NOTIFICATIONS; i += 10) {
      const batch = Array.from({ length: Math.min(10, NOTIFICATIONS - i) }, target);
      const ids = await Promise.all(batch.map(({ audience }) => rest.send({ audience })));
      ids.forEach((id, n) => {
        const { recipients } = batch[n]!;
        sent.set(id, recipients.length);
        for (const recipient of recipients) expected[recipient]!.add(id);
      });
    }
    allSent = true;
  })();

  for (let kill = 0; kill < KILLS; kill++) {
    const after = between((NOTIFICATIONS / (KILLS + 1)) * kill, (NOTIFICATIONS / (KILLS + 1)) * (kill + 1));
    await until('the next kill', () => sent.size >= after, Boolean, 30_000);
    await until('a worker lives', () => workers.length > 0);
    caught.push(await killAtWork(() => allSent && kill > 0));
    replacements.push(installation.start('worker').then((worker) => void workers.push(worker)));
  }
  await Promise.all([sending, ...replacements]);
  expect(sent.size).toBe(NOTIFICATIONS);
  // The first at least died with deliveries made and not acknowledged.
  expect(caught[0]).toBeGreaterThan(0);

  const total = [...sent.values()].reduce((sum, count) => sum + count, 0);
  await until(
    'all are received',
    () => devices.reduce((sum, { received }) => sum + received.length, 0),
    (count) => count >= total,
    40_000,
  );
  await until(
    'the work streams are empty',
    async () => (await redis.xlen(keys.intake(0))) + (await redis.xlen(keys.fanOut(0))) === 0,
  );

  for (const [i, { received }] of devices.entries()) {
    const ids = received.map(({ id }) => id);
    const missing = [...expected[i]!].filter((id) => !ids.includes(id));
    const surplus = ids.filter((id, n) => ids.indexOf(id) !== n || !expected[i]!.has(id));
    expect({ device: i, missing, surplus }).toEqual({ device: i, missing: [], surplus: [] });
    const seqs = received.map(({ seq }) => seq);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
  }
  for (const [id, recipients] of sent) {
    const { body } = await until(
      `the receipts of ${id}`,
      () => rest.get(`/v1/notifications/${id}`),
      (answer) => answer.body.status === 'sent' && answer.body.counts.pending === 0,
    );
    expect(body.counts).toMatchObject({
      queued: recipients,
      written: recipients,
      acknowledged: recipients,
      failed: 0,
      expired: 0,
    });
  }
  await until(
    'the statistics',
    async () => (await rest.get('/v1/stats')).body.states,
    (states) => states.queued.total === total && states.acknowledged.total === total,
    20_000,
  );
  for (const stream of ['intake', 'fan-out', 'receipts'])
    expect((await rest.get(`/v1/dead-letters?stream=${stream}`)).body.deadLetters).toEqual([]);
  console.info(`${total} deliveries; killed with ${caught.join(', ')} between deposit and acknowledgement`);
}, 90_000);
