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
