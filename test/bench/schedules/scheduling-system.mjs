import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import { root } from '../../../scripts/setup/root.mjs';
import { newNotificationId } from '../../../dist/libs/domain/src/index.js';
import { RedisNotifications, Store } from '../../../dist/libs/persistence/src/index.js';
import { createRedis, RedisKeys } from '../../../dist/libs/redis/src/index.js';
import { cpuSecondsOf } from '../processor-time.mjs';
import { freePort, ServerProcess } from '../server-process.mjs';

const ADMIN_KEY = 'the-admin-key-of-a-benchmark-and-of-nothing-else';
const HEADERS = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' };
/** All that wait stand in one line, as by default. */
const LANES = 1;
const PARTITIONS = 64;
const PAGE = 1_000;
const DAY = 86_400_000;
/** Those that wait are due over a month, from tomorrow on. */
const SPREAD = 30 * DAY;

/** All of Carillon in one process, beside a Redis in which many notifications wait for their time, and one device. */
export class SchedulingSystem {
  static async start(directory, pending) {
    mkdirSync(directory);
    const [redisPort, httpPort, mqttPort] = [await freePort(), await freePort(), await freePort()];
    const redis = await startRedis(directory, redisPort);
    await fill(redisPort, pending);
    const gateway = await ServerProcess.start(
      [process.execPath, join(root, 'dist', 'apps', 'all-in-one', 'src', 'main.js')],
      { directory, port: mqttPort, env: environment(directory, { redisPort, httpPort, mqttPort }) },
    );
    const system = new SchedulingSystem(redis, gateway, `http://127.0.0.1:${httpPort}`);
    await system.connectDevice(`mqtt://127.0.0.1:${mqttPort}`);
    return system;
  }

  constructor(redis, gateway, url) {
    this.servers = [gateway, redis];
    this.url = url;
    this.arrivals = new Map();
  }

  async stop() {
    await this.device.endAsync(true);
    for (const server of this.servers) await server.stop();
  }

  /** Accepts notifications for tomorrow. @returns processor time of one, µs, of the gateway and of Redis */
  async acceptMany(count, atOnce) {
    const at = new Date(Date.now() + DAY).toISOString();
    const before = this.cpuSeconds();
    let left = count;
    const work = async () => {
      while (left-- > 0) await this.send({ audience: { device: 'd' }, title: 'Later', at });
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    return ((this.cpuSeconds() - before) / count) * 1e6;
  }

  /** Schedules notifications so far apart, the first in some seconds; how late the device has each, ms, sorted. */
  async lateness(count, { apart, from }) {
    const start = Date.now() + from;
    const due = new Map();
    for (let i = 0; i < count; i++) {
      const at = start + i * apart;
      const id = await this.send({ audience: { device: 'd' }, title: 'Now', at: new Date(at).toISOString() });
      due.set(id, at);
    }
    if (Date.now() > start) throw new Error('the first was due before the last was accepted');
    const deadline = start + count * apart + 30_000;
    while ([...due.keys()].some((id) => !this.arrivals.has(id)) && Date.now() < deadline) await sleep(50);
    const late = [...due].map(([id, at]) => this.arrivals.get(id) - at);
    if (late.some(Number.isNaN)) throw new Error('not all of them came');
    return late.sort((a, b) => a - b);
  }

  async connectDevice(url) {
    const { token } = await this.request('PUT', '/v1/devices/d', {});
    this.device = await mqtt.connectAsync(url, { clientId: 'd', username: 'd', password: token });
    this.device.on('message', (_topic, payload) => this.arrivals.set(JSON.parse(payload).id, Date.now()));
    await this.device.subscribeAsync('devices/d/inbox', { qos: 1 });
  }

  async send(body) {
    return (await this.request('POST', '/v1/notifications', body)).id;
  }

  async request(method, path, body) {
    const request = { method, headers: HEADERS, body: JSON.stringify(body) };
    const answer = await fetch(this.url + path, request);
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  }

  cpuSeconds() {
    return cpuSecondsOf(this.servers.flatMap((server) => server.pids()));
  }
}

function startRedis(directory, port) {
  const options = [
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--maxmemory-policy',
    'noeviction',
  ];
  return ServerProcess.start(['redis-server', '--port', `${port}`, ...options, '--dir', directory], {
    directory,
    port,
    env: process.env,
  });
}

const environment = (directory, { redisPort, httpPort, mqttPort }) => ({
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  NODE_ENV: 'production',
  REDIS_URL: `redis://127.0.0.1:${redisPort}`,
  CARILLON_DATA_DIR: join(directory, 'data'),
  CARILLON_ADMIN_KEY: ADMIN_KEY,
  CARILLON_PARTITIONS: `${PARTITIONS}`,
  CARILLON_LANES: `${LANES}`,
  CARILLON_HTTP_PORT: `${httpPort}`,
  CARILLON_MQTT_PORT: `${mqttPort}`,
  ...Object.fromEntries(['MQTTS', 'XMPP', 'XMPPS'].map((name) => [`CARILLON_${name}_PORT`, '0'])),
});

/** Accepted by the repository itself, as the API does it, before the gateway is there. */
async function fill(redisPort, pending) {
  const client = createRedis({ urls: [`redis://127.0.0.1:${redisPort}`] });
  const notifications = new RedisNotifications(
    new Store(client, new RedisKeys('carillon:', PARTITIONS, LANES)),
  );
  for (let from = 0; from < pending; from += PAGE) {
    const page = Array.from({ length: Math.min(PAGE, pending - from) }, (_, i) =>
      scheduled(from + i, pending),
    );
    await notifications.acceptAll(page.map((notification) => ({ notification })));
  }
  await client.quit();
}

function scheduled(index, of) {
  const acceptedAt = Date.now();
  const at = acceptedAt + DAY + Math.floor((index / of) * SPREAD);
  return {
    id: newNotificationId(acceptedAt),
    app: 'default',
    kind: 'notification',
    title: 'Good morning',
    audience: { user: `user-${index}` },
    acceptedAt,
    at,
    ttl: 3_600,
    expiresAt: at + 3_600_000,
  };
}
