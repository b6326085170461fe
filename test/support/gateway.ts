import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { testRedisUrl } from '@carillon/testing';

export type AppName = 'all-in-one' | 'api' | 'worker' | 'edge';

const ADMIN_KEY = 'test-admin-key-0123456789';
const START_LIMIT = 50_000;

interface Started {
  listeners: { name: string; url: string }[];
}

/** One process of Carillon, as built, on ports of its own. */
export class GatewayProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly listeners: ReadonlyMap<string, string>,
    /** The JSON log so far. */
    readonly log: readonly string[],
    readonly stderr: readonly string[],
  ) {}

  static async start(app: AppName, env: Record<string, string>, limitMs?: number): Promise<GatewayProcess> {
    const main = resolve(`dist/apps/${app}/src/main.js`);
    if (!existsSync(main))
      throw new Error(`${main} is missing: run the tests by npm test, which builds first`);
    return GatewayProcess.run([process.execPath, '--enable-source-maps', main], env, limitMs);
  }

  /** A command that starts a process of Carillon. */
  static async run(
    command: readonly string[],
    env: Record<string, string>,
    limitMs = START_LIMIT,
  ): Promise<GatewayProcess> {
    const [program, ...args] = command;
    const child = spawn(program!, args, {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log: string[] = [];
    const stderr: string[] = [];
    createInterface(child.stderr!).on('line', (line) => stderr.push(line));
    const started = await firstStart(child, log, stderr, limitMs);
    const listeners = new Map(started.listeners.map(({ name, url }) => [name, url]));
    child.removeAllListeners('exit');
    child.once('exit', (code) => {
      if (code !== null && code !== 0)
        console.error(`${command.at(-1)} ended with code ${code}\n${stderr.slice(-30).join('\n')}`);
    });
    return new GatewayProcess(child, listeners, log, stderr);
  }

  /** `HTTP`, `MQTT`, `MQTT TLS`, `XMPP`, `XMPP TLS`. */
  url(listener: string): string {
    const url = this.listeners.get(listener);
    if (!url) throw new Error(`no listener ${listener} among ${[...this.listeners.keys()].join(', ')}`);
    return url;
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Ends it and waits; true when it ended by itself with code 0. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<boolean> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode === 0;
    this.child.kill(signal);
    const [code] = (await once(this.child, 'exit')) as [number | null];
    return code === 0;
  }
}

function firstStart(
  child: ChildProcess,
  log: string[],
  stderr: readonly string[],
  limitMs: number,
): Promise<Started> {
  return new Promise((resolveStart, reject) => {
    const fail = (why: string): void =>
      reject(new Error(`${why}\n${stderr.join('\n')}\n${log.slice(-20).join('\n')}`));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail('the process did not start in time');
    }, limitMs);
    child.once('exit', (code) => fail(`the process ended with code ${code}`));
    createInterface(child.stdout!).on('line', (line) => {
      log.push(line);
      if (!line.includes('"msg":"started"')) return;
      clearTimeout(timer);
      resolveStart(JSON.parse(line) as Started);
    });
  });
}

/** An installation of its own: a key prefix and a data directory, and the processes that were started in it. */
export class Installation {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'carillon-e2e-'));
  readonly keyPrefix = `e2e-${randomBytes(6).toString('hex')}:`;
  readonly adminKey = ADMIN_KEY;
  private readonly processes: GatewayProcess[] = [];

  /** @param startLimitMs how long a process may take to start */
  constructor(
    private readonly env: Record<string, string> = {},
    private readonly startLimitMs?: number,
  ) {}

  async start(app: AppName, env: Record<string, string> = {}): Promise<GatewayProcess> {
    const started = await GatewayProcess.start(
      app,
      { ...this.environment(), ...this.env, ...env },
      this.startLimitMs,
    );
    this.processes.push(started);
    return started;
  }

  /** Runs a command with this environment alone, and ends it with the others. */
  async run(command: readonly string[], env: Record<string, string>): Promise<GatewayProcess> {
    const started = await GatewayProcess.run(command, env, this.startLimitMs);
    this.processes.push(started);
    return started;
  }

  environment(): Record<string, string> {
    return {
      REDIS_URL: testRedisUrl(),
      CARILLON_KEY_PREFIX: this.keyPrefix,
      CARILLON_DATA_DIR: this.dataDir,
      CARILLON_ADMIN_KEY: this.adminKey,
      CARILLON_HTTP_PORT: '0',
      CARILLON_MQTT_PORT: '0',
      CARILLON_MQTTS_PORT: '0',
      CARILLON_XMPP_PORT: '0',
      CARILLON_XMPPS_PORT: '0',
      CARILLON_PARTITIONS: '8',
    };
  }

  async end(): Promise<void> {
    await Promise.all(this.processes.map((each) => each.end('SIGKILL')));
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
