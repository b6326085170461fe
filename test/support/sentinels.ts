import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './ports.js';
import { RedisServer } from './redis-server.js';
import { until } from './until.js';

const COUNT = 3;
const REPLICAS = 2;
const NAME = 'carillon';

/** A master, two replicas of it, and three sentinels that watch them. */
export class WatchedRedis {
  private readonly dir = mkdtempSync(join(tmpdir(), 'carillon-sentinels-'));
  private readonly sentinels: { child: ChildProcess; port: number }[] = [];

  private constructor(
    readonly master: RedisServer,
    private readonly replicas: readonly RedisServer[],
  ) {}

  static async start(): Promise<WatchedRedis> {
    const master = await RedisServer.start();
    const replicas = await Promise.all(Array.from({ length: REPLICAS }, () => RedisServer.start()));
    for (const { port } of replicas) await follow(port, master.port);
    const watched = new WatchedRedis(master, replicas);
    for (let i = 0; i < COUNT; i++) await watched.startSentinel();
    await until(
      'the sentinels know each other and the replicas',
      () => Promise.all(watched.sentinels.map(({ port }) => peersOf(port))),
      (seen) => seen.every(([others, replicas]) => others === COUNT - 1 && replicas === REPLICAS),
      30_000,
    );
    return watched;
  }

  /** As `REDIS_URL` has it. */
  get url(): string {
    return this.sentinels.map(({ port }) => `redis-sentinel://127.0.0.1:${port}/${NAME}`).join(',');
  }

  /** Fulfilled when the sentinels name a replica as the master. */
  async promoted(): Promise<void> {
    const { port } = this.sentinels[0]!;
    await until(
      'a replica is promoted',
      () => asked(port, (redis) => redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)),
      (address) => Number((address as string[])[1]) !== this.master.port,
      40_000,
    );
  }

  async end(): Promise<void> {
    for (const { child } of this.sentinels) child.kill('SIGKILL');
    this.master.resume();
    await Promise.all([this.master, ...this.replicas].map((redis) => redis.end()));
    rmSync(this.dir, { recursive: true, force: true });
  }

  private async startSentinel(): Promise<void> {
    const port = await freePort();
    const file = join(this.dir, `${port}.conf`);
    writeFileSync(
      file,
      `port ${port}\nbind 127.0.0.1\ndir ${this.dir}\nsentinel monitor ${NAME} 127.0.0.1 ${this.master.port} 2\n` +
        `sentinel down-after-milliseconds ${NAME} 1000\nsentinel failover-timeout ${NAME} 10000\n`,
    );
    const binary = process.env.TEST_REDIS_SERVER ?? 'redis-server';
    const child = spawn(binary, [file, '--sentinel'], { stdio: 'ignore' });
    child.once('error', () => undefined);
    await Promise.race([once(child, 'spawn'), once(child, 'exit')]);
    this.sentinels.push({ child, port });
    await until('the sentinel answers', () => asked(port, (redis) => redis.ping()).catch(() => false));
  }
}

async function follow(port: number, master: number): Promise<void> {
  await asked(port, (redis) => redis.replicaof('127.0.0.1', master));
  const linked = async (): Promise<boolean> =>
    /^master_link_status:up/m.test(await asked(port, (redis) => redis.info('replication')));
  await until('the replica follows', linked, Boolean, 30_000);
}

/** How many other sentinels, and how many replicas, one knows. */
async function peersOf(port: number): Promise<[number, number]> {
  const rows = (what: string) => asked(port, (redis) => redis.call('SENTINEL', what, NAME));
  const [others, replicas] = await Promise.all([rows('SENTINELS'), rows('REPLICAS')]);
  return [(others as unknown[]).length, (replicas as unknown[]).length];
}

async function asked<T>(port: number, ask: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(port, '127.0.0.1', {
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: () => null,
  });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return await ask(redis);
  } finally {
    if (redis.status !== 'end') redis.disconnect();
  }
}
