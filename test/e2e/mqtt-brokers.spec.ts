import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { type GatewayProcess, Installation } from '../support/gateway.js';
import { until } from '../support/until.js';

/** The brokers of several edges as one: clients of the `mqtt` package go from edge to edge, and edges are killed. */
const installation = new Installation({ CARILLON_MQTT_ANONYMOUS: 'true' });
const clients: MqttClient[] = [];
let first: GatewayProcess;
let second: GatewayProcess;

/** Edges that were killed are taken for dead after ten seconds. */
const BURIAL_MS = 30_000;

beforeAll(async () => {
  [first, second] = (await Promise.all([installation.start('edge'), installation.start('edge')])) as [
    GatewayProcess,
    GatewayProcess,
  ];
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
});
afterAll(() => installation.end());

interface Subscriber {
  readonly client: MqttClient;
  readonly received: string[];
  readonly sessionPresent: boolean;
}

async function connect(edge: GatewayProcess, options: IClientOptions = {}): Promise<Subscriber> {
  const client = mqtt.connect(edge.url('MQTT'), { reconnectPeriod: 0, protocolVersion: 5, ...options });
  clients.push(client);
  const received: string[] = [];
  client.on('message', (_topic, payload) => received.push(payload.toString())).on('error', () => undefined);
  const connack = await new Promise<{ sessionPresent: boolean }>((resolve, reject) => {
    client.once('connect', resolve).once('error', reject);
    client.once('close', () => reject(new Error('closed before the CONNACK')));
  });
  return { client, received, sessionPresent: connack.sessionPresent };
}

const lasting = (clientId: string): IClientOptions => ({
  clientId,
  clean: false,
  properties: { sessionExpiryInterval: 3600 },
});

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`);

async function publishAll(client: MqttClient, topic: string, payloads: readonly string[], qos: 1 | 2 = 1) {
  await Promise.all(payloads.map((payload) => client.publishAsync(topic, payload, { qos })));
}

/** What it has received once that is as many. */
const arrived = (subscriber: Subscriber, count: number) =>
  until(
    'the messages',
    () => subscriber.received,
    (seen) => seen.length >= count,
  );

it.each([0, 1, 2] as const)('what is published on one edge is read on the other at QoS %i', async (qos) => {
  const reader = await connect(second);
  await reader.client.subscribeAsync(`crossing/${qos}/+`, { qos });
  const publisher = await connect(first);
  for (const payload of numbers(1, 50))
    await publisher.client.publishAsync(`crossing/${qos}/x`, payload, { qos });
  expect(await arrived(reader, 50)).toEqual(numbers(1, 50));
});

it('a shared subscription has members on all edges, and each message goes to one of them', async () => {
  const members = [await connect(first), await connect(second)];
  for (const { client } of members) await client.subscribeAsync('$share/crew/work', { qos: 1 });
  const publisher = await connect(first);
  await publishAll(publisher.client, 'work', numbers(1, 40));
  await until(
    'all messages',
    () => members.flatMap(({ received }) => received),
    (seen) => seen.length >= 40,
  );
  const seen = members.flatMap(({ received }) => received).map(Number);
  expect(seen.toSorted((a, b) => a - b)).toEqual(numbers(1, 40).map(Number));
  for (const { received } of members) expect(received.length).toBeGreaterThan(0);
});

it('a client id is connected to one edge at a time', async () => {
  const before = await connect(first, { clientId: 'only-one' });
  const ended = new Promise((resolve) => before.client.once('close', () => resolve('closed')));
  await connect(second, { clientId: 'only-one' });
  expect(await ended).toBe('closed');
});

it('a session is found again on another edge with what came meanwhile', async () => {
  const before = await connect(first, lasting('roamer'));
  await before.client.subscribeAsync('roaming', { qos: 2 });
  await before.client.endAsync();
  const publisher = await connect(first);
  await publishAll(publisher.client, 'roaming', numbers(1, 20), 2);
  const after = await connect(second, lasting('roamer'));
  expect(after.sessionPresent).toBe(true);
  expect(await arrived(after, 20)).toEqual(numbers(1, 20));
});

it('retained messages outlive the edges', async () => {
  const publisher = await connect(first);
  await publisher.client.publishAsync('kept/a', 'a', { qos: 1, retain: true });
  await publisher.client.publishAsync('kept/b', 'b', { qos: 1, retain: true });
  const other = await connect(second);
  await other.client.publishAsync('kept/b', '', { qos: 1, retain: true });
  const third = await installation.start('edge');
  const reader = await connect(third);
  await reader.client.subscribeAsync('kept/#', { qos: 1 });
  expect(await arrived(reader, 1)).toEqual(['a']);
  expect(await third.end()).toBe(true);
});

it('a killed edge loses neither a session nor a message nor a will', async () => {
  const doomed = await installation.start('edge');
  const watcher = await connect(second);
  await watcher.client.subscribeAsync('wills', { qos: 1 });
  await connect(doomed, {
    clientId: 'mortal',
    will: { topic: 'wills', payload: Buffer.from('of the mortal'), qos: 1, retain: false },
  });
  const waiting = await connect(doomed, lasting('waiting'));
  await waiting.client.subscribeAsync('news', { qos: 1 });
  await waiting.client.endAsync();
  const connected = await connect(doomed, lasting('connected'));
  await connected.client.subscribeAsync('news', { qos: 1 });
  const publisher = await connect(first);
  await publishAll(publisher.client, 'news', numbers(1, 100));
  expect(await arrived(connected, 100)).toEqual(numbers(1, 100));

  await doomed.end('SIGKILL');
  await publishAll(publisher.client, 'news', numbers(101, 200));
  const resumed = await connect(second, lasting('connected'));
  expect(resumed.sessionPresent).toBe(true);
  await until(
    'the rest of the news',
    () => resumed.received.at(-1),
    (last) => last === '200',
  );
  // What was acknowledged in the last moments may come again, but nothing is missing and nothing out of order.
  expect(resumed.received.slice(-100)).toEqual(numbers(101, 200));

  await until(
    'the will',
    () => watcher.received,
    (seen) => seen.length > 0,
    BURIAL_MS,
  );
  expect(watcher.received).toEqual(['of the mortal']);
  await publishAll(publisher.client, 'news', numbers(201, 220));
  const late = await connect(first, lasting('waiting'));
  expect(late.sessionPresent).toBe(true);
  expect(await arrived(late, 220)).toEqual(numbers(1, 220));
}, 90_000);

it('a session outlives a restart of all edges', async () => {
  const before = await connect(first, lasting('survivor'));
  await before.client.subscribeAsync('restart', { qos: 1 });
  await before.client.endAsync();
  const publisher = await connect(second);
  await publishAll(publisher.client, 'restart', numbers(1, 10));
  await Promise.all([first.end(), second.end()]);
  first = await installation.start('edge');
  const again = await connect(first);
  await publishAll(again.client, 'restart', numbers(11, 20));
  const after = await connect(first, lasting('survivor'));
  expect(after.sessionPresent).toBe(true);
  expect(await arrived(after, 20)).toEqual(numbers(1, 20));
});
