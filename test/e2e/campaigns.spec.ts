import { RedisCampaigns, Store } from '@carillon/persistence';
import { createRedis, RedisKeys } from '@carillon/redis';
import { testRedisUrl } from '@carillon/testing';
import { MqttDevice } from '../support/devices.js';
import { type GatewayProcess, Installation } from '../support/gateway.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

/** Campaigns, carried out by two workers of which some are killed. */
const installation = new Installation({ CARILLON_CAMPAIGN_APPROVAL: 'second-key' });
let api: GatewayProcess;
let edge: GatewayProcess;
let rest: Rest;
let second: Rest;
let workers: GatewayProcess[];
const devices: MqttDevice[] = [];

const DEVICES = 40;

beforeAll(async () => {
  [api, edge, ...workers] = (await Promise.all(
    (['api', 'edge', 'worker', 'worker'] as const).map((app) => installation.start(app)),
  )) as [GatewayProcess, GatewayProcess, GatewayProcess, GatewayProcess];
  rest = new Rest(api.url('HTTP'), installation.adminKey);
  const { body } = await rest.post('/v1/keys', { name: 'second', scopes: ['admin'] });
  second = new Rest(api.url('HTTP'), body.key);
  await Promise.all(
    Array.from({ length: DEVICES }, async (_, i) => {
      const id = `d-${i}`;
      const token = await rest.register(id, { tags: ['all'] });
      const device = new MqttDevice({ id, token }, { url: edge.url('MQTT') });
      await device.connect();
      devices.push(device);
    }),
  );
});
afterAll(async () => {
  await Promise.all(devices.map((device) => device.disconnect()));
  await installation.end();
});

const read = async (id: string) => (await rest.get(`/v1/campaigns/${id}`)).body;
const runs = async (id: string) => (await rest.get(`/v1/campaigns/${id}/runs`)).body.runs;

/** Created, approved by another key, and started. */
async function start(campaign: object): Promise<string> {
  const { status, body } = await rest.post('/v1/campaigns', {
    name: 'Test',
    audience: 'tag:all',
    message: { title: 'Test' },
    ...campaign,
  });
  expect([status, body]).toEqual([201, expect.anything()]);
  expect((await second.post(`/v1/campaigns/${body.id}/approve`)).status).toBe(200);
  expect((await rest.post(`/v1/campaigns/${body.id}/start`)).status).toBe(200);
  return body.id as string;
}

/** How often each device has got a notification. */
const copies = (notification: string): number[] =>
  devices.map(({ ids }) => ids.filter((id) => id === notification).length);
const inbox = (id: string): number => copies(id).reduce((sum, count) => sum + count, 0);

const isDone = (id: string) =>
  until(
    'the campaign is done',
    () => read(id),
    ({ state }) => state === 'done',
    20_000,
  );

it('has to be approved by another key than the one that changed it last', async () => {
  const { body } = await rest.post('/v1/campaigns', {
    name: 'Test',
    audience: 'tag:all',
    message: { title: 'Test' },
    schedule: { cron: '0 9 * * *' },
  });
  const at = `/v1/campaigns/${body.id}`;
  expect((await rest.post(`${at}/start`)).body.detail).toMatch(/has to be approved first/);
  expect((await rest.post(`${at}/approve`)).body.detail).toMatch(/another one has to approve it/);
  expect((await second.post(`${at}/approve`)).body.state).toBe('approved');
  expect((await second.patch(at, { name: 'Changed' })).body.state).toBe('draft');
  expect((await second.post(`${at}/approve`)).status).toBe(409);
  expect((await rest.post(`${at}/approve`)).body.state).toBe('approved');
  expect((await rest.post(`${at}/start`)).body.state).toBe('scheduled');
  expect((await rest.post(`${at}/pause`)).body.state).toBe('paused');
  await rest.patch(at, { name: 'Again' });
  expect((await rest.post(`${at}/resume`)).status).toBe(409);
  expect((await second.post(`${at}/approve`)).body.state).toBe('paused');
  expect((await rest.post(`${at}/resume`)).body.state).toBe('scheduled');
  const keys = (await rest.get(`${at}/changes`)).body.changes.map(({ by }: { by: string }) => by);
  expect(new Set(keys).size).toBe(2);
});

it('reaches every device exactly once, though the workers are killed in the middle of a run', async () => {
  const id = await start({ limits: { perSecond: 10 } });
  const [run] = await until(
    'some have it',
    () => runs(id),
    ([first]) => first?.parts[0].counts?.queued >= 5,
  );
  const [{ notification }] = run.parts;
  await workers.pop()!.end('SIGKILL');
  await until(
    'some more',
    () => inbox(notification),
    (count) => count >= 20,
  );
  workers.push(await installation.start('worker'));
  await workers.shift()!.end('SIGKILL');
  await isDone(id);
  await until(
    'all have it',
    () => inbox(notification),
    (count) => count >= DEVICES,
  );
  workers.push(await installation.start('worker'));
  expect(copies(notification)).toEqual(devices.map(() => 1));
  const [ended, ...others] = await runs(id);
  expect(others).toEqual([]);
  expect(ended).toMatchObject({ state: 'ended', parts: [{ status: 'sent', counts: { queued: DEVICES } }] });
});

it('is paused within a second, and goes on exactly where it stopped', async () => {
  const id = await start({ limits: { perSecond: 20 } });
  const [{ parts }] = await until(
    'some have it',
    () => runs(id),
    ([first]) => first?.parts[0].counts?.queued >= 5,
  );
  const { notification } = parts[0];
  expect((await rest.post(`/v1/campaigns/${id}/pause`)).body.state).toBe('paused');
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const [{ parts: paused }] = await runs(id);
  expect(paused[0].status).toBe('paused');
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect((await runs(id))[0].parts[0].counts.queued).toBe(paused[0].counts.queued);
  expect(paused[0].counts.queued).toBeLessThan(DEVICES);
  expect((await rest.post(`/v1/campaigns/${id}/resume`)).body.state).toBe('running');
  await isDone(id);
  expect(copies(notification)).toEqual(devices.map(() => 1));
});

it('is cancelled in flight: the run stops, none follows', async () => {
  const id = await start({ limits: { perSecond: 10 } });
  await until(
    'some have it',
    () => runs(id),
    ([first]) => first?.parts[0].counts?.queued >= 3,
  );
  expect((await rest.post(`/v1/campaigns/${id}/cancel`)).body.state).toBe('cancelled');
  const [{ state, parts }] = await runs(id);
  expect([state, parts[0].status]).toEqual(['ended', 'cancelled']);
  const progress = await until(
    'nobody waits',
    async () => (await runs(id))[0].parts[0].progress,
    ({ waiting }) => waiting === 0,
  );
  expect(progress).toBeDefined();
  expect((await runs(id))[0].parts[0].counts.queued).toBeLessThan(DEVICES);
});

it('tries variants on a split that stays, holds some out, and sends the winner to the rest', async () => {
  const campaign = {
    message: { title: 'Tea' },
    variants: [
      { name: 'A', share: 25, message: { body: 'A' } },
      { name: 'B', share: 25, message: { body: 'B' } },
    ],
    holdOut: 20,
  };
  const id = await start(campaign);
  const [run] = await until(
    'both are out',
    () => runs(id),
    ([first]) => first?.parts.every(({ status }: { status: string }) => status === 'sent'),
  );
  expect(run.state).toBe('undecided');
  const got = (part: { notification: string }) =>
    devices.filter(({ ids }) => ids.includes(part.notification)).map(({ credentials }) => credentials.id);
  const sizes = run.parts.map(({ counts }: { counts: { queued: number } }) => counts.queued);
  await until('they have it', () => run.parts.map(got).flat().length === sizes[0] + sizes[1]);
  const [a, b] = run.parts.map(got) as [string[], string[]];
  const { body: preview } = await rest.get(`/v1/campaigns/${id}/preview`);
  expect(preview).toMatchObject({ holdOut: 20, rest: 30, audience: { devices: DEVICES } });
  // The split is the one that the audience's own term tells.
  const inBuckets = async (from: number, to: number): Promise<number> =>
    (await rest.post('/v1/audience/preview', { audience: `tag:all and bucket(${id}, ${from}, ${to})` })).body
      .devices;
  expect([a.length, b.length]).toEqual([await inBuckets(2_000, 4_500), await inBuckets(4_500, 7_000)]);
  expect((await rest.post(`/v1/campaigns/${id}/winner`, { variant: 'C' })).body.faults[0].pointer).toBe(
    '/variant',
  );
  expect((await rest.post(`/v1/campaigns/${id}/winner`, { variant: 'B' })).body.chosen).toBe('B');
  await isDone(id);
  const [{ parts }] = await runs(id);
  expect(parts[2]).toMatchObject({ variant: 'B', rest: true, status: 'sent' });
  await until('the rest has it', () => got(parts[2]).length === parts[2].counts.queued);
  const everybody = [a, b, got(parts[2])].flat();
  expect(new Set(everybody).size).toBe(everybody.length);
  expect(everybody.length).toBe(DEVICES - (await inBuckets(0, 2_000)));
  const { body: report } = await rest.get(`/v1/campaigns/${id}/report`);
  expect(report).toMatchObject({
    state: 'done',
    chosen: 'B',
    total: { counts: { queued: everybody.length } },
  });
  const csv = await rest.call('GET', `/v1/campaigns/${id}/report`, undefined, { accept: 'text/csv' });
  expect(csv.headers.get('content-type')).toMatch(/^text\/csv/);
  const [head, ...rows] = (csv.body as string).trimEnd().split('\r\n');
  expect(head).toMatch(/^run,state,begunAt,endedAt,variant,rest,notification,status,queued,/);
  expect(rows.map((row) => row.split(',')[4])).toEqual(['A', 'B', 'B']);
});

it('reaches each device at its own time', async () => {
  const day = new Date(Date.now() + 3_600_000).toISOString().slice(0, 10);
  await rest.register('east', { tags: ['zoned'], timeZone: 'Pacific/Kiritimati' });
  await rest.register('west', { tags: ['zoned'], timeZone: 'Pacific/Pago_Pago' });
  // In an hour in Greenwich: long ago in the far east, far ahead in the far west.
  const at = new Date(Date.now() + 3_600_000).toISOString().slice(0, 16);
  const id = await start({ audience: 'tag:zoned', schedule: { at, clock: 'device' } });
  const [run] = await until(
    'both are told apart',
    () => runs(id),
    ([first]) => first?.parts[0].counts?.suppressed === 1 && first.parts[0].progress.waiting === 1,
  );
  expect(run.localTime).toBe(`${at}:00`);
  expect(run.localTime).toContain(day);
  const { notification } = run.parts[0];
  const { body } = await rest.get(`/v1/devices/east/explain?notification=${notification}`);
  expect(JSON.stringify(body)).toMatch(/passed/);
  expect((await read(id)).progress).toMatchObject({ runs: 1, waiting: 1 });
  await rest.post(`/v1/campaigns/${id}/cancel`);
});

it('is started by a geofence for the devices of its audience, once a visit', async () => {
  const area = { box: { south: 10, west: 10, north: 11, east: 11 } };
  await rest.put('/v1/geofences/shop', { area, triggers: ['enter', 'exit'] });
  const trigger = { geofence: 'shop', on: ['enter'] };
  const wrong = {
    name: 'x',
    audience: 'everyone',
    message: { title: 'x' },
    trigger: { ...trigger, geofence: 'gone' },
  };
  expect((await rest.post('/v1/campaigns', wrong)).body.faults[0].pointer).toBe('/trigger/geofence');
  const id = await start({ trigger, audience: 'tag:all and not device:d-1', message: { title: 'Here' } });
  // Workers know of it within a second, on a machine that is not busy.
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const [first, second] = ['d-0', 'd-1'].map((name) =>
    devices.find((each) => each.credentials.id === name)!,
  ) as [MqttDevice, MqttDevice];
  const before = [first.ids.length, second.ids.length];
  // Two workers read what devices report: the next position is told when the one before has had its effect.
  const go = async (device: MqttDevice, lat: number): Promise<void> => {
    await device.report({ type: 'location', lat, lon: 10.5 });
    const kept = async () => (await rest.get(`/v1/devices/${device.credentials.id}/export`)).body;
    const inside = lat < 11 ? 1 : 0;
    await until(
      'the visit',
      kept,
      (known) => known.device.position?.lat === lat && known.visits.length === inside,
    );
  };
  for (const lat of [10.5, 10.6, 12, 10.5]) await go(first, lat);
  await go(second, 10.5);
  await until('both visits', () => first.ids.length === before[0]! + 2);
  const { body } = await rest.get(`/v1/campaigns/${id}/report`);
  expect(body).toMatchObject({ state: 'running', triggered: 2, total: { counts: { queued: 2 } } });
  const csv = await rest.call('GET', `/v1/campaigns/${id}/report`, undefined, { accept: 'text/csv' });
  expect((csv.body as string).split('\r\n')[1]).toMatch(/^,triggered,,,all,false,,,2,/);
  expect(second.ids.length).toBe(before[1]);
  await rest.post(`/v1/campaigns/${id}/pause`);
  for (const lat of [12, 10.5]) await go(first, lat);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(first.ids.length).toBe(before[0]! + 2);
  // Outside of its windows a message waits for them, and is cancelled with its campaign.
  const opens = Math.ceil(Date.now() / 3_600_000) * 3_600_000 + 3_600_000;
  const clock = (at: number): string => new Date(at).toISOString().slice(11, 16);
  const windows = [{ from: clock(opens), to: clock(opens + 3_600_000) }];
  const late = await start({ trigger, message: { title: 'Later', ttl: 60 }, limits: { windows } });
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  for (const lat of [12, 10.5]) await go(first, lat);
  const client = createRedis({ urls: [testRedisUrl()] });
  const stored = new RedisCampaigns(new Store(client, new RedisKeys(installation.keyPrefix, 64, 1)));
  const [part] = await until(
    'it is triggered',
    () => stored.crossings(late),
    ({ length }) => length === 1,
  );
  client.disconnect();
  const waiting = async () => (await rest.get(`/v1/notifications/${part!.notificationId}`)).body;
  expect(await waiting()).toMatchObject({
    status: 'scheduled',
    at: new Date(opens).toISOString(),
    expiresAt: new Date(opens + 60_000).toISOString(),
  });
  await rest.post(`/v1/campaigns/${late}/cancel`);
  const cancelled = await until('it is cancelled', waiting, ({ status }) => status === 'cancelled');
  expect(cancelled.counts.queued).toBe(0);
});
