import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt, { type IClientOptions, type IConnackPacket, type MqttClient } from 'mqtt';
import { failedStart } from '../support/failed-start.js';
import { Installation, type GatewayProcess } from '../support/gateway.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

/** Users and topics beside those of devices, by files in the form of mosquitto. */
const installation = new Installation();
const usersFile = join(installation.dataDir, 'users');
const aclFile = join(installation.dataDir, 'acl');

// By mosquitto_passwd 2.0.11: $7$ and $6$.
const BACKEND =
  'backend:$7$101$PYV5KM8BnO9DtvHC$nQuAAraGldpYNwzUSiVYzb1WA0blz5ZAiNkkmOjIAoOFQaOXT3QTVWbdZqRqYuEeEAdCyvn/twgTxf1GfHbAGA==';
const READER =
  'reader:$6$RB0WhnStSr8RXzPK$d+VPx+GTx52cxOtDrJhiXSGKKJ7+I2lmkuiw8yOTRqEpKuWExd+IUEfx9+zZTfhdMbVi3EnGaZrjFzn/k9zlLQ==';
const OPERATOR =
  'operator:$7$101$01CaJUwiN7H+GxQP$opUaRcqzMugi05JEj8ve2l2QsYeJK0xwAinYTrJ0zJNf3YK9xiMXWT4JrlNZIEyIXQ6nClIPcXa1nJMPaItXoA==';
const USERS = `${BACKEND}\n${READER}\n${OPERATOR}\n`;
const ACL = `topic read public/#
topic deny public/hidden
user operator
topic readwrite $SYS/#
topic readwrite #
user backend
topic readwrite public/#
topic write devices/#
topic write clients/#
user reader
topic read public/#
pattern readwrite clients/%c/#
`;

let gateway: GatewayProcess;
let token: string;
const clients: MqttClient[] = [];

beforeAll(async () => {
  writeFileSync(usersFile, USERS);
  writeFileSync(aclFile, ACL);
  gateway = await installation.start('all-in-one', {
    CARILLON_MQTT_ANONYMOUS: 'true',
    CARILLON_MQTT_USERS_FILE: usersFile,
    CARILLON_MQTT_ACL_FILE: aclFile,
  });
  token = await new Rest(gateway.url('HTTP'), installation.adminKey).register('d-1');
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
});
afterAll(() => installation.end());

it('imposes its own keep alive, and denies with the code that is asked for', async () => {
  const other = await installation.start('edge', {
    CARILLON_MQTT_ANONYMOUS: 'true',
    CARILLON_MQTT_ACL_FILE: aclFile,
    CARILLON_MQTT_MAX_KEEPALIVE: '60',
    CARILLON_MQTT_DENIED_SUBSCRIPTION_CODE: '0x80',
  });
  const client = mqtt.connect(other.url('MQTT'), { protocolVersion: 5, keepalive: 120, reconnectPeriod: 0 });
  clients.push(client);
  const connack = await new Promise<IConnackPacket>((resolve) => client.once('connect', resolve));
  expect(connack.properties?.serverKeepAlive).toBe(60);
  expect(await subscribed({ client, topics: [] }, 'public/hidden')).toBe(0x80);
});

interface Connected {
  client: MqttClient;
  topics: string[];
}

async function connect(options: IClientOptions = {}): Promise<Connected> {
  const settings = { protocolVersion: 5, reconnectPeriod: 0, ...options } as const;
  const client = await mqtt.connectAsync(gateway.url('MQTT'), settings, false);
  const topics: string[] = [];
  client.on('message', (topic) => topics.push(topic)).on('error', () => undefined);
  clients.push(client);
  return { client, topics };
}
const backend = (options: IClientOptions = {}) =>
  connect({ username: 'backend', password: 'secret1', ...options });
const reader = (options: IClientOptions = {}) =>
  connect({ username: 'reader', password: 'secret2', ...options });
const device = () => connect({ clientId: 'd-1', username: 'd-1', password: token });

const subscribed = ({ client }: Connected, filter: string): Promise<number> =>
  client.subscribeAsync(filter, { qos: 1 }).then(
    ([grant]) => grant!.qos,
    (error: { packet: { granted: number[] } }) => error.packet.granted[0]!,
  );
const published = ({ client }: Connected, topic: string): Promise<number> =>
  client.publishAsync(topic, 'x', { qos: 1 }).then(
    () => 0,
    (error: { code?: number }) => error.code ?? -1,
  );

async function reload(users: string, acl: string): Promise<void> {
  writeFileSync(usersFile, users);
  writeFileSync(aclFile, acl);
  const before = gateway.log.length;
  process.kill(gateway.pid, 'SIGHUP');
  await until('the reload', () => gateway.log.slice(before).some((line) => line.includes('read again')));
}

it.each(['backend:wrong', 'reader:secret1', 'nobody:secret1'])('refuses %s', async (login) => {
  const [username, password] = login.split(':') as [string, string];
  await expect(connect({ username, password })).rejects.toMatchObject({ code: 0x86 });
});

it('brings what users and anonymous clients may publish to those who may read it', async () => {
  const [one, other, anybody] = [await backend(), await reader(), await connect()];
  for (const each of [other, anybody]) expect(await subscribed(each, 'public/#')).toBe(1);
  for (const topic of ['public/hidden', 'public/news']) expect(await published(one, topic)).toBe(0);
  await until(
    'the news',
    () => other.topics.length + anybody.topics.length,
    (n) => n >= 3,
  );
  expect(other.topics).toEqual(['public/hidden', 'public/news']);
  expect(anybody.topics).toEqual(['public/news']);
});

it('denies what no line grants, and what a line denies', async () => {
  const [one, other, anybody] = [await backend(), await reader({ clientId: 'r' }), await connect()];
  expect(await subscribed(one, 'elsewhere/#')).toBe(0x87);
  expect(await subscribed(one, '#')).toBe(0x87);
  expect(await published(one, 'elsewhere')).toBe(0x87);
  expect(await published(one, 'devices/d-1/events')).toBe(0x87);
  expect(await published(other, 'public/news')).toBe(0x87);
  expect(await subscribed(anybody, 'public/hidden')).toBe(0x87);
  expect(await published(anybody, 'public/news')).toBe(0x87);
  expect(await published(other, 'clients/r/x')).toBe(0);
  expect(await published(other, 'clients/s/x')).toBe(0x87);
  expect(await subscribed(await connect({ protocolVersion: 4 }), 'public/hidden')).toBe(0x80);
});

it('leaves devices their own topics, and gives them what the patterns say', async () => {
  const [one, phone] = [await backend(), await device()];
  expect(await subscribed(phone, 'devices/d-1/inbox')).toBe(1);
  expect(await subscribed(phone, 'clients/d-1/#')).toBe(1);
  expect(await subscribed(phone, 'public/#')).toBe(0x87);
  expect(await published(phone, 'public/x')).toBe(0x87);
  expect(await published(one, 'clients/d-1/x')).toBe(0);
  await until('it arrives', () => phone.topics.length);
});

describe('what is below $SYS', () => {
  it('is read by whom the access list grants it, and published to by nobody', async () => {
    const operator = await connect({ username: 'operator', password: 'secret3' });
    const others = [operator, await backend(), await device(), await connect()];
    const granted = await Promise.all(others.map((each) => subscribed(each, '$SYS/broker/version')));
    expect(granted).toEqual([1, 0x87, 0x87, 0x87]);
    await until('the version', () => operator.topics.length);
    const answers = await Promise.all(others.map((each) => published(each, '$SYS/broker/version')));
    expect(answers).toEqual([0x87, 0x87, 0x87, 0x87]);
    const will = { topic: '$SYS/x', payload: Buffer.from('x'), qos: 0, retain: true } as const;
    await expect(connect({ username: 'operator', password: 'secret3', will })).rejects.toMatchObject({
      code: 0x87,
    });
  });

  it('is no part of #', async () => {
    const operator = await connect({ username: 'operator', password: 'secret3' });
    expect(await subscribed(operator, '#')).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(operator.topics.filter((topic) => topic.startsWith('$'))).toEqual([]);
  });

  it('is open to everybody on an open broker, and there is none at an interval of 0', async () => {
    const open = await installation.start('edge', { CARILLON_MQTT_ANONYMOUS: 'true' });
    const silent = await installation.start('edge', {
      CARILLON_MQTT_ANONYMOUS: 'true',
      CARILLON_MQTT_SYS_INTERVAL: '0',
    });
    const values: string[][] = [];
    for (const edge of [open, silent]) {
      const said: string[] = [];
      const client = await mqtt.connectAsync(edge.url('MQTT'), { protocolVersion: 5, reconnectPeriod: 0 });
      clients.push(client);
      client.on('message', (_topic, payload) => said.push(payload.toString()));
      await client.subscribeAsync('$SYS/broker/version');
      expect(await published({ client, topics: [] }, '$SYS/broker/version')).toBe(0x87);
      values.push(said);
    }
    expect(values).toEqual([[expect.stringMatching(/^carillon version \d+\.\d+\.\d+$/)], []]);
  });
});

it("keeps users out of a device's session, whatever client id they take", async () => {
  const phone = await device();
  for (const login of [backend, connect]) await login({ clientId: 'd-1', clean: false });
  expect(await subscribed(phone, 'devices/d-1/inbox')).toBe(1);
});

it('takes new files on SIGHUP, for connections that stand too', async () => {
  const [one, other] = [await backend(), await reader({ clientId: 'r' })];
  const gone = new Promise((resolve) =>
    one.client.once('disconnect', ({ reasonCode }) => resolve(reasonCode)),
  );
  expect(await subscribed(other, 'public/#')).toBe(1);
  const changed = BACKEND.replace('backend:', 'other:');
  await reload(
    `${changed}\n${READER}\n`,
    'user other\ntopic readwrite #\nuser reader\ntopic read public/a\n',
  );
  expect(await gone).toBe(0x87);
  await expect(backend()).rejects.toMatchObject({ code: 0x86 });
  const another = await connect({ username: 'other', password: 'secret1' });
  for (const topic of ['public/b', 'public/a']) expect(await published(another, topic)).toBe(0);
  await until('what it may still read', () => other.topics.length);
  expect(other.topics).toEqual(['public/a']);
});

it('keeps the old when new files are faulty', async () => {
  await reload(USERS, ACL);
  await reload('backend\n', 'topics x\n');
  await until('the faults told', () =>
    gateway.log.some((line) => /users, line 1: .*acl, line 1: /.test(line)),
  );
  expect(await subscribed(await backend(), 'public/#')).toBe(1);
});

it('does not start with faulty files: all faults are listed', async () => {
  writeFileSync(usersFile, `${BACKEND}\nreader:secret2\n`);
  writeFileSync(aclFile, 'topic reed x\nuser a\npattern\n');
  const { code, stderr } = await failedStart('all-in-one', {
    ...installation.environment(),
    CARILLON_DATA_DIR: join(installation.dataDir, 'other'),
    CARILLON_MQTT_USERS_FILE: usersFile,
    CARILLON_MQTT_ACL_FILE: aclFile,
  });
  expect(code).toBe(1);
  expect(stderr).toMatch(/users, line 2:[^]*acl, line 1:[^]*acl, line 3:/);
  expect(stderr).not.toContain('secret2');
});
