import mqtt from 'mqtt';
import { MqttDevice } from '../support/devices.js';
import { Installation, type GatewayProcess } from '../support/gateway.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

const installation = new Installation();
let gateway: GatewayProcess;
let rest: Rest;

beforeAll(async () => {
  gateway = await installation.start('all-in-one');
  rest = new Rest(gateway.url('HTTP'), installation.adminKey);
});
afterAll(() => installation.end());

async function metrics(): Promise<Map<string, number>> {
  const text = (await rest.get('/metrics')).body as string;
  const rows = text.split('\n').filter((line) => line.startsWith('carillon_mqtt_'));
  return new Map(
    rows.map((line) => /^carillon_mqtt_(.*) (\S+)$/.exec(line)!).map(([, name, n]) => [name!, Number(n)]),
  );
}

it('shows what the broker counts', async () => {
  const url = gateway.url('MQTT');
  const device = new MqttDevice(
    { id: 'd-1', token: await rest.register('d-1') },
    { url, protocolVersion: 5 },
  );
  await device.connect();
  const stranger = new MqttDevice({ id: 'd-1', token: 'wrong' }, { url, protocolVersion: 5 });
  await expect(stranger.connect()).rejects.toThrow('Connection refused');
  await rest.send({ audience: { device: 'd-1' } });
  await device.expect(1);
  const standing = await metrics();
  expect(Object.fromEntries(standing)).toMatchObject({
    connections: 1,
    clients: 1,
    sessions: 1,
    subscriptions: 1,
    queued_messages: 0,
    queued_bytes: 0,
    connections_opened_total: 2,
    connections_accepted_total: 1,
    sessions_expired_total: 0,
    'connections_refused_total{reason="bad-user-name-or-password"}': 1,
    'packets_total{direction="received"}': expect.any(Number),
    'packets_total{direction="sent"}': expect.any(Number),
    'bytes_total{direction="received"}': expect.any(Number),
    'bytes_total{direction="sent"}': expect.any(Number),
    'publications_total{direction="sent"}': 1,
    'publication_bytes_total{direction="received"}': 0,
    'publications_dropped_total{reason="not-reading"}': 0,
  });
  expect(standing.get('retained_messages')).toBeGreaterThan(0);
  await rest.post('/v1/devices/d-1/token');
  const gone = 'disconnects_total{by="server",reason="administrative-action"}';
  await until('the device is gone', async () => (await metrics()).get(gone));
});

it('logs who is refused, and why', () => {
  const lines = gateway.log.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.find(({ msg }) => msg === 'connection refused')).toMatchObject({
    level: 'info',
    clientId: 'd-1',
    address: '127.0.0.1',
    transport: 'tcp',
    protocolVersion: '5.0',
    reasonCode: 0x86,
    reason: 'bad-user-name-or-password',
  });
});

it('slows down whoever sends more than CARILLON_MQTT_MAX_MESSAGE_RATE allows, and loses nothing', async () => {
  const edge = await installation.start('edge', {
    CARILLON_MQTT_ANONYMOUS: 'true',
    CARILLON_MQTT_MAX_MESSAGE_RATE: '20',
  });
  const connect = () =>
    mqtt.connectAsync(edge.url('MQTT'), { protocolVersion: 5, reconnectPeriod: 0 }, false);
  const [writer, reader] = [await connect(), await connect()];
  const texts: string[] = [];
  reader.on('message', (_topic, payload) => texts.push(payload.toString()));
  await reader.subscribeAsync('a', { qos: 1 });
  const begin = Date.now();
  const numbers = Array.from({ length: 60 }, (_, i) => `${i}`);
  await Promise.all(numbers.map((number) => writer.publishAsync('a', number, { qos: 1 })));
  expect(Date.now() - begin).toBeGreaterThan(1_800);
  await until('all of them', () => texts.length === 60);
  expect(texts).toEqual(numbers);
  await Promise.all([writer, reader].map((client) => client.endAsync(true)));
});
