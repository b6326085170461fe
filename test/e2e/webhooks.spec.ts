import { newNotificationId } from '@carillon/domain';
import { WebhookQueue } from '@carillon/persistence';
import { createRedis, RedisKeys } from '@carillon/redis';
import { Store } from '@carillon/persistence';
import { testRedisUrl } from '@carillon/testing';
import { MqttDevice } from '../support/devices.js';
import { Installation, type GatewayProcess } from '../support/gateway.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';
import { WebhookEndpoint } from '../support/webhook-endpoint.js';

/** Receipts posted to a backend that verifies them. */
const installation = new Installation({ CARILLON_WEBHOOK_NETWORKS: '127.0.0.0/8' });
let gateway: GatewayProcess;
let rest: Rest;
let endpoint: WebhookEndpoint;
beforeAll(async () => {
  gateway = await installation.start('all-in-one');
  rest = new Rest(gateway.url('HTTP'), installation.adminKey);
});
beforeEach(async () => {
  endpoint = await WebhookEndpoint.start();
});
afterEach(async () => {
  for (const { id } of (await rest.get('/v1/webhooks')).body.webhooks)
    await rest.delete(`/v1/webhooks/${id}`);
  endpoint.stop();
});
afterAll(() => installation.end());

let serial = 0;
async function hook(more: object = {}): Promise<{ id: string; path: string }> {
  const { status, body } = await rest.post('/v1/webhooks', { url: endpoint.url, ...more });
  expect(status).toBe(201);
  endpoint.secrets = [body.secret];
  // Workers look at the list once a second.
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  return { id: body.id, path: `/v1/webhooks/${body.id}` };
}
const eventsOf = (id: string) => endpoint.events.filter(({ notificationId }) => notificationId === id);

it('posts each step of a delivery, signed, with where it happened', async () => {
  await hook();
  const id = `hooked-${++serial}`;
  const device = new MqttDevice({ id, token: await rest.register(id) }, { url: gateway.url('MQTT') });
  await device.connect();
  const sent = await rest.send({ audience: { device: id } });
  await device.expect(1);
  await device.report({ type: 'opened', id: sent });
  const types = () => eventsOf(sent).map(({ type }) => type);
  await until('the events', types, (seen) => seen.length === 4);
  expect(types()).toEqual([
    'delivery.queued',
    'delivery.written',
    'delivery.acknowledged',
    'delivery.opened',
  ]);
  expect(eventsOf(sent)[2]).toMatchObject({ deviceId: id, transport: 'mqtt' });
  expect(eventsOf(sent)[2]!.edge).toMatch(/^all-in-one-/);
  await device.disconnect();
});

it('posts what was asked for alone, many in one request', async () => {
  await hook({ events: ['delivery.expired'] });
  const devices = Array.from({ length: 60 }, (_, i) => `batched-${i}`);
  await Promise.all(devices.map((id) => rest.register(id)));
  await rest.send({ audience: { device: devices }, ttl: 0 });
  await until(
    'the events',
    () => endpoint.events.length,
    (n) => n === 60,
  );
  expect(new Set(endpoint.events.map(({ type }) => type))).toEqual(new Set(['delivery.expired']));
  expect(endpoint.requests.length).toBeLessThan(10);
});

it('tries again under the same id, and says over REST how it fares', async () => {
  const { id, path } = await hook();
  endpoint.status = 503;
  expect((await rest.post(`${path}/test`)).status).toBe(202);
  const failed = await until(
    'the failure',
    async () => (await rest.get(path)).body,
    (body) => body.failingSince !== undefined,
  );
  expect(failed).toMatchObject({ enabled: true, waiting: 1, lastError: 'it answered 503' });
  expect(failed).not.toHaveProperty('secret');
  endpoint.status = 200;
  await until(
    'the second attempt',
    () => endpoint.events.length,
    (n) => n === 1,
    15_000,
  );
  expect(endpoint.requests).toHaveLength(2);
  expect(new Set(endpoint.requests).size).toBe(1);
  const fine = (await rest.get(path)).body;
  expect(fine).toMatchObject({ id, waiting: 0, lastSuccessAt: expect.any(String) });
  expect(fine).not.toHaveProperty('failingSince');
});

it('is disabled by 410 with the reason, and enabled again', async () => {
  const { path } = await hook();
  endpoint.status = 410;
  await rest.post(`${path}/test`);
  const read = async () => (await rest.get(path)).body;
  await until('it is disabled', read, ({ enabled }) => !enabled);
  expect(await read()).toMatchObject({ disabledReason: 'it answered 410 Gone', waiting: 1 });
  expect((await rest.post(`${path}/test`)).status).toBe(409);
  endpoint.status = 200;
  const enabled = await rest.patch(path, { enabled: true });
  expect(enabled.body).toMatchObject({ enabled: true });
  expect(enabled.body).not.toHaveProperty('disabledReason');
  await until(
    'what waited',
    () => endpoint.events.length,
    (n) => n === 1,
  );
});

it('signs with both secrets for a while after a rotation', async () => {
  const { path } = await hook();
  const { body } = await rest.post(`${path}/secret`);
  endpoint.secrets.push(body.secret);
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  await rest.post(`${path}/test`);
  await until(
    'the event',
    () => endpoint.events.length,
    (n) => n === 1,
  );
  expect((await rest.get(path)).body.formerSecretUntil).toBe(body.formerSecretUntil);
});

it('keeps what was given up: to list, read, replay and discard', async () => {
  const { id, path } = await hook();
  const client = createRedis({ urls: [testRedisUrl()] });
  const queue = new WebhookQueue(new Store(client, new RedisKeys(installation.keyPrefix, 8, 1)));
  await rest.patch(path, { enabled: false });
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  const now = Date.now();
  for (const n of [1, 2]) {
    const event = { id: `e${n}`, type: 'delivery.expired', at: new Date().toISOString() } as const;
    await queue.add(id, [{ ...event, notificationId: newNotificationId(now) }], now - 1_000);
    const batch = (await queue.claim(id, now, 10_000))!;
    await queue.settle(id, batch, { result: 'dead', error: 'it answered 500' }, now);
  }
  client.disconnect();
  const first = await rest.get(`${path}/dead-letters?limit=1`);
  expect(first.body.deadLetters).toMatchObject([
    { reason: 'it answered 500', attempts: 1, events: [{ id: 'e1' }] },
  ]);
  const second = await rest.get(`${path}/dead-letters?limit=1&cursor=${first.body.next}`);
  expect(second.body.deadLetters).toMatchObject([{ events: [{ id: 'e2' }] }]);
  const [one, two] = [first, second].map(({ body }) => `${path}/dead-letters/${body.deadLetters[0].id}`);
  expect((await rest.get(one!)).body).toEqual(first.body.deadLetters[0]);
  expect((await rest.delete(two!)).status).toBe(204);
  expect((await rest.post(`${one}/replay`)).status).toBe(204);
  expect([(await rest.post(`${one}/replay`)).status, (await rest.delete(two!)).status]).toEqual([404, 404]);
  await rest.patch(path, { enabled: true });
  await until(
    'the replayed one',
    () => endpoint.events.map((event) => event.id),
    (ids) => ids.includes('e1'),
  );
  expect(endpoint.requests).toEqual([first.body.deadLetters[0].batch]);
});

it.each([
  ['https://127.0.0.2.example/', 201],
  ['https://192.168.1.1/', 400],
  ['https://[::1]/', 400],
  ['https://169.254.169.254/latest', 400],
  ['http://user:pw@127.0.0.1/', 400],
  ['javascript:alert(1)', 400],
])('%s is answered with %d', async (url, status) => {
  expect((await rest.post('/v1/webhooks', { url })).status).toBe(status);
});

it('is no business of keys without the scope, nor of unknown ids', async () => {
  const { body } = await rest.post('/v1/keys', { name: 'sender', scopes: ['send', 'read'] });
  const sender = new Rest(gateway.url('HTTP'), body.key);
  expect((await sender.get('/v1/webhooks')).status).toBe(403);
  expect((await rest.get('/v1/webhooks/0123456789abcdef')).status).toBe(404);
  expect((await rest.patch('/v1/webhooks/0123456789abcdef', { enabled: true })).status).toBe(404);
});
