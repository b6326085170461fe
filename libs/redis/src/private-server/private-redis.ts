import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { locateRedisServer } from './redis-binary.js';
import { RedisHome } from './redis-home.js';
import type { RedisAccess } from './redis-home.js';
import { probeRedis, shutDownRedis } from './redis-probe.js';
import { RedisUnavailableError } from './redis-unavailable-error.js';

export interface PrivateRedisOptions {
  /** Redis lives in `redis/` below it. Absolute, and this process's alone. */
  readonly dataDir: string;
  /** Takes a line at a time of what the operator should know: an installation, a take-over, a restart. */
  readonly log: (line: string) => void;
}

export interface StartedRedis {
  /** With its password. */
  readonly url: string;
  /** It was running already: a predecessor of this process had been killed. */
  readonly adopted: boolean;
  /** The package was installed just now. */
  readonly installed: boolean;
}

const PORT_ATTEMPTS = 3;
const POLL_MS = 25;
const SILENCE_LIMIT_MS = 10_000;
const STOP_LIMIT_MS = 30_000;
const WATCH_MS = 500;

/**
 * The Redis of an installation that names none: a child process on loopback behind a random password, append-only. It outlives a parent that
 * is killed, and the next one adopts it. While this process lives, a Redis that ends is started again at the same address.
 */
export class PrivateRedis {
  readonly #home: RedisHome;
  readonly #log: (line: string) => void;
  #binary = 'redis-server';
  #access?: RedisAccess;
  #watch?: NodeJS.Timeout;
  #restart?: Promise<void>;

  constructor({ dataDir, log }: PrivateRedisOptions) {
    this.#home = new RedisHome(join(dataDir, 'redis'));
    this.#log = log;
  }

  /** Throws RedisUnavailableError. */
  async start(): Promise<StartedRedis> {
    const { path, installed } = await locateRedisServer({ log: this.#log });
    this.#binary = path;
    const running = await this.#adopt();
    this.#access = running ?? (await this.#launchSomewhere());
    this.#watch = setInterval(() => this.#keepAlive(), WATCH_MS).unref();
    const { port, password } = this.#access;
    return { url: `redis://:${password}@127.0.0.1:${port}`, adopted: running !== undefined, installed };
  }

  /** Ends Redis once it has written everything, and waits for its end. */
  async stop(): Promise<void> {
    clearInterval(this.#watch);
    await this.#restart;
    const access = this.#access;
    this.#access = undefined;
    const pid = await this.#home.process();
    if (access === undefined || pid === undefined) return;
    await shutDownRedis(access);
    await this.#ended(pid);
  }

  async #adopt(): Promise<RedisAccess | undefined> {
    const access = await this.#home.access();
    const pid = await this.#home.process();
    if (access === undefined || pid === undefined) return undefined;
    this.#log(`taking over the private Redis that is running already (process ${pid})`);
    if (await this.#answers(access, () => this.#isRunning())) return access;
    if ((await this.#home.process()) === undefined) return undefined;
    throw new RedisUnavailableError(
      `the private Redis (process ${pid}) does not answer`,
      `end it with "kill ${pid}" and start again`,
    );
  }

  async #launchSomewhere(): Promise<RedisAccess> {
    for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt++) {
      const access = await this.#home.configure(await freePort());
      if (await this.#launch(access)) return access;
    }
    throw new RedisUnavailableError(
      `the private Redis does not start (${await this.#home.lastLogLine()})`,
      `see ${this.#home.logPath}, or set REDIS_URL to a Redis elsewhere`,
    );
  }

  /** In a process group of its own: Ctrl-C is for this process alone, which then ends Redis in good order. */
  async #launch(access: RedisAccess): Promise<boolean> {
    const child = spawn(this.#binary, [this.#home.configPath], { detached: true, stdio: 'ignore' });
    let failed = false;
    child.on('error', () => (failed = true));
    child.on('exit', () => (failed = true));
    child.unref();
    const answers = await this.#answers(access, async () => !failed);
    if (!answers) child.kill();
    return answers;
  }

  /** Waits while it loads its data, however long, and for a limited time while it is silent; false if it ended or never answered. */
  async #answers(access: RedisAccess, isAlive: () => Promise<boolean>): Promise<boolean> {
    let deadline = Date.now() + SILENCE_LIMIT_MS;
    while (Date.now() < deadline && (await isAlive())) {
      const state = await probeRedis(access);
      if (state === 'ready') return true;
      if (state === 'loading') deadline = Date.now() + SILENCE_LIMIT_MS;
      await delay(POLL_MS);
    }
    return false;
  }

  #keepAlive(): void {
    this.#restart ??= this.#restartIfEnded()
      .catch((error: unknown) => this.#log(`the private Redis cannot be watched: ${String(error)}`))
      .finally(() => (this.#restart = undefined));
  }

  async #restartIfEnded(): Promise<void> {
    if (this.#access === undefined || (await this.#isRunning())) return;
    this.#log('the private Redis has ended unexpectedly: starting it again');
    if (await this.#launch(this.#access)) return;
    this.#log(
      `the private Redis does not start (${await this.#home.lastLogLine()}): see ${this.#home.logPath}`,
    );
  }

  async #isRunning(): Promise<boolean> {
    return (await this.#home.process()) !== undefined;
  }

  async #ended(pid: number): Promise<void> {
    const deadline = Date.now() + STOP_LIMIT_MS;
    while (await this.#home.isServedBy(pid)) {
      if (Date.now() > deadline)
        throw new Error(`the private Redis does not stop: see ${this.#home.logPath}`);
      await delay(POLL_MS);
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
