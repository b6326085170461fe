import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IClientOptions } from 'mqtt';
import { Installation, type GatewayProcess } from '../support/gateway.js';
import { Rest } from '../support/rest.js';
import { ScramMqttClient } from '../support/scram.js';
import { until } from '../support/until.js';

/** Enhanced authentication of MQTT 5.0 with an unmodified client. */
const installation = new Installation();
const usersFile = join(installation.dataDir, 'users');
// By mosquitto_passwd 2.0.11; the password is secret1.
const BACKEND =
  'backend:$7$101$PYV5KM8BnO9DtvHC$nQuAAraGldpYNwzUSiVYzb1WA0blz5ZAiNkkmOjIAoOFQaOXT3QTVWbdZqRqYuEeEAdCyvn/twgTxf1GfHbAGA==';

let gateway: GatewayProcess;
let rest: Rest;
const clients: ScramMqttClient[] = [];

beforeAll(async () => {
  writeFileSync(usersFile, `${BACKEND}\n`);
  gateway = await installation.start('all-in-one', { CARILLON_MQTT_USERS_FILE: usersFile });
  rest = new Rest(gateway.url('HTTP'), installation.adminKey);
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end()));
});
afterAll(() => installation.end());

function scram(username: string, password: string, options: IClientOptions = {}): ScramMqttClient {
  const client = new ScramMqttClient(gateway.url('MQTT'), username, password, {
    clientId: username,
    ...options,
  });
  clients.push(client);
  return client;
}

it('lets a device in, which sees that the gateway knows its token too, and gets its pushes', async () => {
  const device = scram('d-1', await rest.register('d-1'));
  expect(await device.connect()).toBe(true);
  const messages: string[] = [];
  device.client.on('message', (_topic, payload) => messages.push(payload.toString()));
  await device.client.subscribeAsync('devices/d-1/inbox', { qos: 1 });
  await rest.send({ audience: { device: 'd-1' } });
  await until('the push', () => messages.length);
  await expect(device.client.subscribeAsync('devices/d-2/inbox')).rejects.toThrow('Not authorized');
});

it('goes by the same rules of client ids as a login by password', async () => {
  const token = await rest.register('d-2');
  await expect(scram('d-2', token, { clientId: 'other' }).connect()).rejects.toMatchObject({ code: 0x85 });
  const nameless = scram('d-2', token, { clientId: '' });
  expect(await nameless.connect()).toBe(true);
});

it('authenticates anew on a connection that stands, and ends it if that fails', async () => {
  const token = await rest.register('d-3');
  const device = scram('d-3', token);
  await device.connect();
  expect(await device.reauthenticate(token)).toBe(true);
  expect(device.client.connected).toBe(true);
  await expect(device.reauthenticate('wrong')).rejects.toThrow('ended');
  expect(device.farewells).toEqual([0x87]);
});

it('refuses a wrong token, and one that was replaced', async () => {
  const token = await rest.register('d-4');
  await expect(scram('d-4', 'wrong').connect()).rejects.toMatchObject({ code: 0x86 });
  const replaced = (await rest.post('/v1/devices/d-4/token')).body.token as string;
  await expect(scram('d-4', token).connect()).rejects.toMatchObject({ code: 0x86 });
  expect(await scram('d-4', replaced).connect()).toBe(true);
});

it('does not show who is a device, nor who is a user: their hashes cannot serve it', async () => {
  await rest.register('d-5');
  const challenges: string[] = [];
  for (const name of ['d-5', 'd-none', 'd-none', 'backend']) {
    const client = scram(name, 'secret1');
    await expect(client.connect()).rejects.toMatchObject({ code: 0x86 });
    challenges.push(client.exchange.challenge);
  }
  for (const challenge of challenges) expect(challenge).toMatch(/^s=[A-Za-z0-9+/]{22}==,i=(4096|50000)$/);
  expect(challenges[1]).toBe(challenges[2]);
  expect(new Set(challenges).size).toBe(3);
});

it('knows no other method', async () => {
  const properties = { authenticationMethod: 'PLAIN', authenticationData: Buffer.from('x') };
  await expect(scram('d-6', 'x', { properties }).connect()).rejects.toMatchObject({ code: 0x8c });
});
