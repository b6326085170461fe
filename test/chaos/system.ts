import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { GatewayProcess, Installation } from '../support/gateway.js';
import { RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

export const APPS = ['api', 'worker', 'edge'] as const;
export type App = (typeof APPS)[number];

export interface SystemOptions {
  /** How many of each. */
  readonly processes: Readonly<Record<App, number>>;
  readonly partitions: number;
  /** Commands in place of the built ones. */
  readonly commands?: Partial<Record<App, readonly string[]>>;
}

interface Slot {
  readonly app: App;
  readonly index: number;
  running: GatewayProcess | undefined;
  ready: Promise<void>;
}

const STARTS = 3;
/** Six of them start at once, perhaps beside other tests. */
const START_LIMIT = 120_000;
export const KEY_PREFIX = 'chaos:';

/** The processes of an installation, so many of each, on a Redis of their own that keeps what it has answered. */
export class System {
  readonly installation: Installation;
  private readonly env: Record<string, string>;
  private readonly slots: Slot[];
  private readonly supervisor: Redis;
  /** Those that were told to end and did not do so in order. */
  readonly undrained: string[] = [];
  private ended = false;

  private constructor(
    readonly redis: RedisServer,
    private readonly options: SystemOptions,
  ) {
    this.env = {
      REDIS_URL: redis.url,
      CARILLON_KEY_PREFIX: KEY_PREFIX,
      CARILLON_PARTITIONS: String(options.partitions),
      CARILLON_WEBHOOK_NETWORKS: '127.0.0.0/8',
      CARILLON_DRAIN_SECONDS: '1',
    };
    this.installation = new Installation(this.env, START_LIMIT);
    this.slots = APPS.flatMap((app) =>
      Array.from({ length: options.processes[app] }, (_, index) => ({
        app,
        index,
        running: undefined,
        ready: Promise.resolve(),
      })),
    );
    this.supervisor = new Redis(redis.url, { retryStrategy: () => 100, maxRetriesPerRequest: null });
    this.supervisor.on('error', () => undefined);
  }

  static async start(options: SystemOptions): Promise<System> {
    const system = new System(await RedisServer.start(), options);
    try {
      for (const slot of system.slots) slot.ready = system.launch(slot);
      await Promise.all(system.slots.map(({ ready }) => ready));
      return system;
    } catch (error) {
      await system.end();
      throw error;
    }
  }

  /** Names of the processes, as `kill` takes them. */
  get names(): string[] {
    return this.slots.map(nameOf);
  }

  get pids(): Map<string, number> {
    return new Map(this.slots.flatMap((slot) => (slot.running ? [[nameOf(slot), slot.running.pid]] : [])));
  }

  /** The address of a listener of each process of an app that runs now. */
  urls(app: App, listener: string): string[] {
    return this.slots.flatMap((slot) =>
      slot.app === app && slot.running ? [slot.running.url(listener)] : [],
    );
  }

  /** Kills a process, and starts another in its place after a while; fulfilled when it is dead. */
  async kill(name: string, downMs: number): Promise<void> {
    const slot = this.slots.find((each) => nameOf(each) === name)!;
    await slot.ready;
    const victim = slot.running!;
    slot.running = undefined;
    await victim.end('SIGKILL');
    slot.ready = sleep(downMs).then(() => this.launch(slot));
  }

  /** Tells a process to end, and starts another in its place after a while; fulfilled when it has ended. */
  async drain(name: string, downMs: number): Promise<void> {
    const slot = this.slots.find((each) => nameOf(each) === name)!;
    await slot.ready;
    const leaving = slot.running!;
    slot.running = undefined;
    if (!(await leaving.end('SIGTERM'))) this.undrained.push(name);
    slot.ready = sleep(downMs).then(() => this.launch(slot));
  }

  async restartRedis(downMs: number): Promise<void> {
    await this.redis.kill();
    await sleep(downMs);
    await this.redis.start();
  }

  async pauseRedis(ms: number): Promise<void> {
    this.redis.pause();
    await sleep(ms);
    this.redis.resume();
  }

  /** Cuts every connection to Redis but the one that says so. */
  async cutRedis(): Promise<void> {
    await this.supervisor.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  }

  /** For looking at what the system leaves behind. */
  get inspector(): Redis {
    return this.supervisor;
  }

  async allRunning(): Promise<void> {
    await Promise.all(this.slots.map(({ ready }) => ready));
    await until('the Redis answers', async () => (await this.supervisor.ping()) === 'PONG', Boolean, 30_000);
  }

  async end(): Promise<void> {
    this.ended = true;
    await Promise.allSettled(this.slots.map(({ ready }) => ready));
    this.supervisor.disconnect();
    await this.installation.end();
    this.redis.resume();
    await this.redis.end();
  }

  /** As a supervisor would: what does not come up is started again. */
  private async launch(slot: Slot, attempt = 1): Promise<void> {
    if (this.ended) return;
    try {
      slot.running = await this.startProcess(slot.app);
    } catch (error) {
      if (attempt === STARTS) throw error;
      await this.launch(slot, attempt + 1);
    }
  }

  private startProcess(app: App): Promise<GatewayProcess> {
    const command = this.options.commands?.[app];
    if (!command) return this.installation.start(app);
    return this.installation.run(command, { ...this.installation.environment(), ...this.env });
  }
}

const nameOf = ({ app, index }: Slot): string => `${app} ${index + 1}`;
