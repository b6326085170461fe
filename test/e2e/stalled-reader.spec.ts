import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import mqtt, { type MqttClient } from 'mqtt';
import { generate, parser } from 'mqtt-packet';
import { createWebSocketStream, WebSocket } from 'ws';
import { Installation, type GatewayProcess } from '../support/gateway.js';
import { secured } from '../support/tls-peer.js';
import { until } from '../support/until.js';

/** Readers that stall: what waits for them is bounded, they are closed in the end, and nobody waits for them. */
const installation = new Installation({
  CARILLON_MQTT_ANONYMOUS: 'true',
  CARILLON_MQTT_STALL_TIMEOUT: '5',
  CARILLON_LOG_LEVEL: 'debug',
});
let gateway: GatewayProcess;
let healthy: MqttClient;
let publisher: MqttClient;
const streams: Duplex[] = [];

const PAYLOAD = Buffer.alloc(100_000);
/** More than the kernel's buffers of a connection (some 10 MB), ours, and those of a WebSocket together. */
const MESSAGES = 300;

beforeAll(async () => {
  gateway = await installation.start('all-in-one');
  const url = gateway.url('MQTT');
  healthy = await mqtt.connectAsync(url, { clientId: 'healthy' });
  publisher = await mqtt.connectAsync(url, { clientId: 'publisher' });
});
afterAll(async () => {
  for (const stream of streams) stream.destroy();
  await Promise.all([healthy.endAsync(true), publisher.endAsync(true)]);
  await installation.end();
});

function overTcp(): Duplex {
  const { hostname: host, port } = new URL(gateway.url('MQTT'));
  return connectTcp({ host, port: Number(port) });
}

async function overWebSocket(scheme: 'ws' | 'wss'): Promise<Duplex> {
  const { host } = new URL(gateway.url('HTTP'));
  const webSocket = new WebSocket(`${scheme}://${host}/mqtt`, ['mqtt'], { rejectUnauthorized: false });
  const stream = createWebSocketStream(webSocket);
  await new Promise((resolve) => webSocket.once('open', resolve));
  return stream;
}

const WAYS: Record<string, () => Duplex | Promise<Duplex>> = {
  tcp: overTcp,
  tls: () => secured(gateway.url('MQTT TLS')),
  ws: () => overWebSocket('ws'),
  wss: () => overWebSocket('wss'),
};

/** Subscribes to everything below `flood/`, and reads no more. */
async function stall(clientId: string, stream: Duplex): Promise<void> {
  streams.push(stream);
  stream.on('error', () => undefined);
  const reader = parser({ protocolVersion: 4 });
  const subscribed = new Promise<void>((resolve) => {
    reader.on('packet', ({ cmd }) => cmd === 'suback' && resolve());
  });
  stream.on('data', (chunk: Buffer) => void reader.parse(chunk));
  stream.write(
    generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, clientId, keepalive: 0 }),
  );
  stream.write(generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'flood/#', qos: 0 }] }));
  await subscribed;
  stream.removeAllListeners('data');
  stream.pause();
}

/** What comes when the client reads again, until the end. */
function remainder(stream: Duplex): Promise<number> {
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
  if (stream.destroyed) return Promise.resolve(0);
  stream.resume();
  return new Promise((resolve) => {
    for (const event of ['end', 'close']) stream.once(event, () => resolve(bytes));
  });
}

it('over TCP, TLS and WebSocket', async () => {
  for (const [name, dial] of Object.entries(WAYS)) await stall(name, await dial());
  let received = 0;
  healthy.on('message', () => received++);
  await healthy.subscribeAsync('flood/#');
  for (let sent = 1; sent <= MESSAGES; sent++) {
    publisher.publish('flood/1', PAYLOAD);
    // One by one, each within the usual bound: the stalled hold nothing up.
    await until(
      `message ${sent}`,
      () => received,
      (count) => count === sent,
    );
  }
  const closed = (name: string): string | undefined =>
    gateway.log.find((line) => line.includes('"reader stalled"') && line.includes(`"clientId":":${name}"`));
  await until(
    'all are closed',
    () => Object.keys(WAYS).filter((name) => !closed(name)),
    (open) => open.length === 0,
    30_000,
  );
  for (const stream of streams) expect(await remainder(stream)).toBeLessThan((MESSAGES * PAYLOAD.length) / 2);
  expect(healthy.connected).toBe(true);
});
