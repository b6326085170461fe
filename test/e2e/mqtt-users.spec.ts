import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { Installation, type GatewayProcess } from '../support/gateway.js';
import { Rest } from '../support/rest.js';
import { ScramMqttClient } from '../support/scram.js';
import { until } from '../support/until.js';

/** MQTT users that are made by REST, on two edges. */
const installation = new Installation();
const usersFile = join(installation.dataDir, 'users');
// By mosquitto_passwd 2.0.11; the password is secret1.
const BACKEND =
  'backend:$7$101$PYV5KM8BnO9DtvHC$nQuAAraGldpYNwzUSiVYzb1WA0blz5ZAiNkkmOjIAoOFQaOXT3QTVWbdZqRqYuEeEAdCyvn/twgTxf1GfHbAGA==';

let edges: GatewayProcess[];
let rest: Rest;
const clients: MqttClient[] = [];

beforeAll(async () => {
  writeFileSync(usersFile, `${BACKEND}\n`);
  const env = { CARILLON_MQTT_USERS_FILE: usersFile };
  edges = [await installation.start('all-in-one', env), await installation.start('edge', env)];
  rest = new Rest(edges[0]!.url('HTTP'), installation.adminKey);
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
});
afterAll(() => installation.end());

const user = (name: string, body: object = {}) => rest.put(`/v1/mqtt/users/${name}`, body);
const made = async (name: string, body: object = {}): Promise<string> =>
  (await user(name, body)).body.password as string;

async function connect(
  edge: GatewayProcess,
  username: string,
  password: string,
  options: IClientOptions = {},
): Promise<MqttClient> {
  const settings = { username, password, protocolVersion: 5, reconnectPeriod: 0, ...options } as const;
  const client = await mqtt.connectAsync(edge.url('MQTT'), settings, false);
  client.on('error', () => undefined);
  clients.push(client);
  return client;
}

const subscribed = (client: MqttClient, filter: string): Promise<number> =>
  client.subscribeAsync(filter, { qos: 1 }).then(
    ([grant]) => grant!.qos,
    (error: { packet: { granted: number[] } }) => error.packet.granted[0]!,
  );
const published = (client: MqttClient, topic: string): Promise<number> =>
  client.publishAsync(topic, 'x', { qos: 1 }).then(
    () => 0,
    (error: { code?: number }) => error.code ?? -1,
  );
const farewell = (client: MqttClient): Promise<number | undefined> =>
  new Promise((resolve) => client.once('disconnect', ({ reasonCode }) => resolve(reasonCode)));

it('log in as soon as they are made, on every edge, by password and by SCRAM-SHA-256', async () => {
  const password = await made('orders');
  for (const edge of edges) {
    await connect(edge, 'orders', password);
    await expect(connect(edge, 'orders', 'wrong')).rejects.toMatchObject({ code: 0x86 });
    await expect(connect(edge, 'nobody', password)).rejects.toMatchObject({ code: 0x86 });
    const scram = new ScramMqttClient(edge.url('MQTT'), 'orders', password);
    expect(await scram.connect()).toBe(true);
    expect(await scram.reauthenticate(password)).toBe(true);
    await scram.end();
    const wrong = new ScramMqttClient(edge.url('MQTT'), 'orders', 'wrong');
    await expect(wrong.connect()).rejects.toMatchObject({ code: 0x86 });
  }
});

it('have the topics of their rules, with names put in, and no others', async () => {
  const rules = [
    { right: 'readwrite', filter: 'shop/%u/%c/#' },
    { right: 'deny', filter: 'shop/+/+/secret' },
    { right: 'write', filter: 'devices/#' },
  ];
  const client = await connect(edges[0]!, 'shop', await made('shop', { rules }), { clientId: 'till' });
  expect(await subscribed(client, 'shop/shop/till/#')).toBe(1);
  expect(await subscribed(client, 'shop/shop/other/#')).toBe(0x87);
  expect(await subscribed(client, '#')).toBe(0x87);
  expect(await published(client, 'shop/shop/till/a')).toBe(0);
  expect(await published(client, 'shop/shop/till/secret')).toBe(0x87);
  expect(await published(client, 'devices/d-1/events')).toBe(0x87);
});

it('lose and gain topics while they are connected, on every edge', async () => {
  const password = await made('changing', { rules: [{ right: 'readwrite', filter: 'one/#' }] });
  const both = await Promise.all(edges.map((edge) => connect(edge, 'changing', password)));
  const topics: string[] = [];
  for (const client of both) {
    client.on('message', (topic) => topics.push(topic));
    expect(await subscribed(client, 'one/#')).toBe(1);
  }
  expect((await user('changing', { rules: [{ right: 'readwrite', filter: 'two' }] })).status).toBe(200);
  for (const client of both) {
    await until('the new topic', async () => (await published(client, 'two')) === 0);
    expect(await published(client, 'one/a')).toBe(0x87);
    expect(client.connected).toBe(true);
  }
  expect(topics).toEqual([]);
});

it.each([
  ['is deleted', (name: string) => rest.delete(`/v1/mqtt/users/${name}`)],
  ['has a new password', (name: string) => user(name, { password: 'quite another one' })],
])('are disconnected from every edge when one %s', async (what, change) => {
  const name = what.replaceAll(' ', '-');
  const password = await made(name);
  const both = await Promise.all(edges.map((edge) => connect(edge, name, password)));
  const other = await connect(edges[1]!, `bystander-${name}`, await made(`bystander-${name}`));
  const farewells = Promise.all(both.map(farewell));
  expect((await change(name)).status).toBeLessThan(300);
  expect(await farewells).toEqual([0x87, 0x87]);
  expect(other.connected).toBe(true);
  for (const edge of edges) {
    await expect(connect(edge, name, password)).rejects.toMatchObject({ code: 0x86 });
  }
});

it('have no say where the users file has their name', async () => {
  const password = await made('backend', { rules: [{ right: 'readwrite', filter: '#' }] });
  await expect(connect(edges[0]!, 'backend', password)).rejects.toMatchObject({ code: 0x86 });
  const client = await connect(edges[0]!, 'backend', 'secret1');
  expect(await published(client, 'a')).toBe(0x87);
});
