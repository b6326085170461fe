import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../../../scripts/setup/root.mjs';
import { RedisDevices, RedisInbox, RedisUsers, Store } from '../../../dist/libs/persistence/src/index.js';
import { createRedis, RedisKeys } from '../../../dist/libs/redis/src/index.js';
import { freePort, ServerProcess } from '../server-process.mjs';
import { register } from './population.mjs';

const ADMIN_KEY = 'the-admin-key-of-a-benchmark-and-of-nothing-else';
const HEADERS = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' };
const PARTITIONS = 64;
const LANES = 1;
const EDGES = 3;
const AT_ONCE = 8;
const POLL_MS = 50;
const SCANNED = 5_000;
/** So long nothing may happen, ms. */
const STALL_MS = 180_000;

/** Carillon with its processes apart: Redis, an API, a worker and three edges. */
export class FanOutSystem {
  /** @param populations what is registered, by prefix */
  static async start(directory, populations) {
    const system = new FanOutSystem(directory);
    try {
      await system.startRedis();
      for (const population of populations)
        system.tokens.set(population.prefix, await register(system.store, system.devices, population));
      await system.appendFromHere();
      await system.startProcesses();
    } catch (error) {
      await system.stop();
      throw error;
    }
    return system;
  }

  tokens = new Map();
  edges = [];

  constructor(directory) {
    this.directory = directory;
  }

  async startRedis() {
    const port = await freePort();
    const durability = ['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'];
    const options = ['--port', `${port}`, '--bind', '127.0.0.1', ...durability, '--dir', this.directory];
    const { directory } = this;
    this.redis = await ServerProcess.start(['redis-server', ...options], {
      directory,
      port,
      env: process.env,
    });
    this.redisUrl = `redis://127.0.0.1:${port}`;
    this.client = createRedis({ urls: [this.redisUrl] });
    this.store = new Store(this.client, new RedisKeys('carillon:', PARTITIONS, LANES));
    this.devices = new RedisDevices(this.store, new RedisUsers(this.store), () => Promise.resolve());
    this.inbox = new RedisInbox(this.store);
  }

  /**
   * What was registered is written at once instead of command by command: a base file, behind which the append-only file begins. It is not rewritten
   * any more: of figures taken one after the other, one would have all of that in it.
   */
  async appendFromHere() {
    await this.client.config('SET', 'auto-aof-rewrite-percentage', '0');
    await this.client.config('SET', 'appendonly', 'yes');
    const written = /aof_enabled:1[^]*aof_rewrite_in_progress:0[^]*aof_rewrite_scheduled:0/;
    while (!written.test(await this.client.info('persistence'))) await sleep(POLL_MS);
  }

  async startProcesses() {
    this.api = await this.startApp('api');
    this.worker = await this.startApp('worker');
    for (let i = 0; i < EDGES; i++) this.edges.push(await this.startApp('edge', await freePort()));
    this.url = `http://127.0.0.1:${this.api.port}`;
    // Once, so that the first call is not measured with what it compiles and connects.
    await this.request('GET', '/v1/devices?limit=1');
  }

  /** @param mqttPort of an edge, which is what its devices connect to */
  async startApp(app, mqttPort) {
    const httpPort = await freePort();
    const directory = join(this.directory, `${app}-${httpPort}`);
    mkdirSync(directory);
    const env = {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      NODE_ENV: 'production',
      REDIS_URL: this.redisUrl,
      CARILLON_DATA_DIR: join(directory, 'data'),
      CARILLON_ADMIN_KEY: ADMIN_KEY,
      CARILLON_PARTITIONS: `${PARTITIONS}`,
      CARILLON_LANES: `${LANES}`,
      // A thousand calls to groups are 64,000 tasks.
      CARILLON_MAX_BACKLOG: '1000000000',
      CARILLON_HTTP_PORT: `${httpPort}`,
      // Fifty thousand come at once.
      CARILLON_HANDSHAKE_TIMEOUT: '300',
      ...Object.fromEntries(['MQTTS', 'XMPP', 'XMPPS'].map((name) => [`CARILLON_${name}_PORT`, '0'])),
      CARILLON_MQTT_PORT: `${mqttPort ?? 0}`,
    };
    const program = [process.execPath, join(root, 'dist', 'apps', app, 'src', 'main.js')];
    return ServerProcess.start(program, { directory, port: mqttPort ?? httpPort, env });
  }

  async stop() {
    this.client?.disconnect();
    for (const server of [...this.edges, this.worker, this.api, this.redis]) await server?.stop();
  }

  /** One call to each group, a few at a time. @returns the notifications' ids */
  async send(groups, contentOf) {
    const ids = [];
    let next = 0;
    const lane = async () => {
      for (let i = next++; i < groups.length; i = next++)
        ids[i] = (
          await this.request('POST', '/v1/notifications', { audience: { group: groups[i] }, ...contentOf() })
        ).id;
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    return ids;
  }

  /** Waits until every notification has so many deliveries that came to a state. One with too many is a fault. */
  async reached(ids, state, count) {
    const partitions = this.store.allPartitions();
    let [seen, since] = [-1, Date.now()];
    for (const id of ids) {
      for (;;) {
        const { [state]: reached } = await this.inbox.counts(id, partitions);
        if (reached > count) throw new Error(`${id}: ${reached} deliveries are ${state}, not ${count}`);
        if (reached === count) break;
        if (reached !== seen) [seen, since] = [reached, Date.now()];
        if (Date.now() - since > STALL_MS) throw new Error(`${id}: ${reached} of ${count} are ${state}`);
        await sleep(POLL_MS);
      }
      seen = -1;
      since = Date.now();
    }
  }

  /** Waits until nothing is left in a stream of work: all is counted. */
  async atRest() {
    const { keys } = this.store;
    const streams = [...this.store.allPartitions().map(keys.receipts), keys.intake(0), keys.fanOut(0)];
    for (const since = Date.now(); ; await sleep(POLL_MS)) {
      const pipeline = this.client.pipeline();
      for (const stream of streams) pipeline.xlen(stream);
      const left = (await pipeline.exec()).reduce((sum, [, length]) => sum + length, 0);
      if (left === 0) return;
      if (Date.now() - since > STALL_MS) throw new Error(`${left} entries of work are left`);
    }
  }

  /** Takes all deliveries back, so that the next run finds inboxes as empty as this one did. */
  async forgetDeliveries() {
    const own = /\{p\d+\}:(inbox:|dlv:|expiry$|held$)/;
    let cursor = '0';
    do {
      const [next, keys] = await this.client.scan(cursor, 'COUNT', SCANNED);
      const found = keys.filter((key) => own.test(key));
      if (found.length > 0) await this.client.unlink(...found);
      cursor = next;
    } while (cursor !== '0');
  }

  async request(method, path, body) {
    const request = { method, headers: HEADERS, ...(body && { body: JSON.stringify(body) }) };
    const answer = await fetch(this.url + path, request);
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  }
}
