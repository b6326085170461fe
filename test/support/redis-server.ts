import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { until } from './until.js';

/** Append-only with fsync always: what it has acknowledged survives SIGKILL. */
const DURABLE = ['redis-server', '--save', '', '--appendonly', 'yes', '--appendfsync', 'always'];

/** A Redis of a test's own, on loopback, to be killed and started again at the same address. */
export class RedisServer {
  private readonly dir = mkdtempSync(join(tmpdir(), 'carillon-redis-'));
  private child: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly command: readonly string[],
    private readonly password: string | undefined,
  ) {}

  /** `command` is `redis-server` with its arguments, as a compose file has it. */
  static async start(command: readonly string[] = DURABLE, password?: string): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), command, password);
    await server.start();
    return server;
  }

  /** Without a password. */
  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const binary = process.env.TEST_REDIS_SERVER ?? 'redis-server';
    const place = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.dir];
    this.child = spawn(binary, [...this.command.slice(1), ...place], { stdio: 'ignore' });
    await until('the Redis answers', () => this.answers());
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Stands still: connections stay, nothing is answered. */
  pause(): void {
    this.child?.kill('SIGSTOP');
  }

  resume(): void {
    this.child?.kill('SIGCONT');
  }

  /** Ends it and forgets what it held. */
  async end(): Promise<void> {
    await this.kill();
    rmSync(this.dir, { recursive: true, force: true });
  }

  private async answers(): Promise<boolean> {
    const client = new Redis(this.url, {
      lazyConnect: true,
      retryStrategy: () => null,
      ...(this.password !== undefined && { password: this.password }),
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.ping()) === 'PONG';
    } catch {
      return false;
    } finally {
      if (client.status !== 'end') client.disconnect();
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
