import { FenceWatch } from '../../../dist/apps/worker/src/geofences/fence-watch.js';
import { FenceCatalog } from '../../../dist/apps/worker/src/geofences/fence-catalog.js';
import { parseAudience } from '../../../dist/libs/domain/src/index.js';
import {
  AudienceResolver,
  countAudience,
  RedisDevices,
  RedisGeofences,
  RedisPositions,
  RedisUsers,
  Store,
} from '../../../dist/libs/persistence/src/index.js';
import { createRedis, RedisKeys } from '../../../dist/libs/redis/src/index.js';
import { freePort, ServerProcess } from '../server-process.mjs';
import { CENTRE, Population, RADIUS } from './population.mjs';

const PARTITIONS = 64;
const LANES = 16;
/** As many partitions as a worker resolves at the same time. */
const CONCURRENCY = 4;

/** A Redis of its own with devices, and what the library does with them, in this process. */
export class AudienceBench {
  static async start(directory, devices) {
    const port = await freePort();
    const options = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', directory];
    const server = await ServerProcess.start(['redis-server', '--port', String(port), ...options], {
      directory,
      port,
      env: process.env,
    });
    const bench = new AudienceBench(server, port, devices);
    await bench.populate();
    return bench;
  }

  constructor(server, port, count) {
    this.server = server;
    this.count = count;
    this.rounds = 0;
    this.client = createRedis({ urls: [`redis://127.0.0.1:${port}`] });
    this.store = new Store(this.client, new RedisKeys('carillon:', PARTITIONS, LANES));
    const users = new RedisUsers(this.store);
    this.devices = new RedisDevices(this.store, users, () => Promise.resolve());
    this.resolver = new AudienceResolver(this.store, users);
  }

  async populate() {
    const before = await this.memory();
    await new Population(this.store, this.devices, this.count).register();
    this.bytesPerDevice = ((await this.memory()) - before) / this.count;
  }

  async stop() {
    this.client.disconnect();
    await this.server.stop();
  }

  memoryCase() {
    return { bytes_per_device: this.bytesPerDevice };
  }

  /** Every page of every partition, as the fan-out reads them. */
  async resolve(expression) {
    const query = await this.resolver.open('default', parseAudience(expression), Date.now());
    const open = await query.partitions();
    let devices = 0;
    const work = async () => {
      for (let next = open.shift(); next !== undefined; next = open.shift())
        for await (const page of query.pages(next)) devices += page.length;
    };
    const { seconds, cpu } = await this.metered(() => Promise.all(Array.from({ length: CONCURRENCY }, work)));
    return { devices, devices_per_s: devices / seconds, devices_per_cpu_s: devices / cpu };
  }

  async preview(expression) {
    const query = await this.resolver.open('default', parseAudience(expression), Date.now());
    const began = performance.now();
    const count = await countAudience(query, { budgetMs: 500, samples: 10 });
    return {
      ms: performance.now() - began,
      devices: count.devices,
      exact: count.exact,
      margin: count.margin,
    };
  }

  /** Positions of devices that go in and out of 10,000 fences, each taken as a worker takes it; what is triggered is counted. */
  async fences(fences, positions) {
    const geofences = new RedisGeofences(this.store);
    for (let i = 0; i < fences; i++) await geofences.save(fenceOf(i));
    let triggered = 0;
    const actions = { fire: async () => void triggered++ };
    const watch = new FenceWatch(new RedisPositions(this.store), new FenceCatalog(geofences), actions);
    await watch.place('default', 'device-0', { ...CENTRE, at: Date.now() });
    // Later than every position of the round before: an older one would be left aside.
    const at = Date.now() + this.rounds++ * 1_000_000;
    let taken = 0;
    const work = async () => {
      for (let i = taken++; i < positions; i = taken++)
        await watch.place('default', `device-${i % 5_000}`, walk(i, at));
    };
    const { seconds, cpu } = await this.metered(() => Promise.all(Array.from({ length: 64 }, work)));
    return { triggered, positions_per_s: positions / seconds, positions_per_cpu_s: positions / cpu };
  }

  async memory() {
    return Number(/used_memory:(\d+)/.exec(await this.client.info('memory'))[1]);
  }

  /** By the clock, and the processor time of this process and of Redis together, s. */
  async metered(work) {
    const [cpu, began] = [await this.cpu(), performance.now()];
    await work();
    return { seconds: (performance.now() - began) / 1_000, cpu: (await this.cpu()) - cpu };
  }

  async cpu() {
    const { user, system } = process.cpuUsage();
    const info = await this.client.info('cpu');
    const redis = ['user', 'sys'].map((name) =>
      Number(new RegExp(`used_cpu_${name}:([\\d.]+)`).exec(info)[1]),
    );
    return (user + system) / 1e6 + redis[0] + redis[1];
  }
}

const fenceOf = (i) => ({
  id: `fence-${i}`,
  app: 'default',
  area: {
    circle: {
      lat: CENTRE.lat + ((i % 100) - 50) / 100,
      lon: CENTRE.lon + (Math.floor(i / 100) - 50) / 100,
      radius: 300,
    },
  },
  triggers: ['enter', 'exit'],
  dwellSeconds: 300,
  hysteresis: 50,
  notification: { content: { kind: 'notification', title: 'Here' }, ttl: 60 },
  createdAt: 0,
  updatedAt: 0,
});

/** A device's next place, some hundred metres from the last, and ten seconds later. */
function walk(i, at) {
  const [device, step] = [i % 5_000, Math.floor(i / 5_000)];
  const lat = CENTRE.lat + ((device % 71) - 35) / 80 + step * 0.0013;
  return { lat, lon: CENTRE.lon + (Math.floor(device / 71) - 35) / 80, at: at + step * 10_000 };
}

export const AREA = `near(${CENTRE.lat}, ${CENTRE.lon}, ${RADIUS / 1_000}km)`;
export const GROUP_NOT_TAG = 'group:everybody and not tag:muted';
