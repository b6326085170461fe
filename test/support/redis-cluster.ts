import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { until } from './until.js';
import { WatchedProcess } from './watched-process.js';

const SLOTS = 16_384;
/** Nodes talk to one another on the port so much above. */
const BUS = 10_000;
const PASSWORD = 'cluster-test-password';

interface Node {
  readonly port: number;
  readonly process: WatchedProcess;
  readonly admin: Redis;
}

/** A Redis Cluster of its own: masters without replicas, behind a password. */
export class RedisCluster {
  private constructor(
    private readonly nodes: readonly Node[],
    private readonly directory: string,
  ) {}

  static async start(size = 3): Promise<RedisCluster> {
    const directory = mkdtempSync(join(tmpdir(), 'carillon-cluster-'));
    const nodes: Node[] = [];
    for (let i = 0; i < size; i++) nodes.push(startNode(await freePort(), directory));
    const cluster = new RedisCluster(nodes, directory);
    await cluster.join();
    return cluster;
  }

  get urls(): string[] {
    return this.nodes.map(({ port }) => `redis://:${PASSWORD}@127.0.0.1:${port}`);
  }

  /** How many keys each node holds. */
  sizes(): Promise<number[]> {
    return Promise.all(this.nodes.map(({ admin }) => admin.dbsize()));
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.nodes.map(async (node) => {
        node.admin.disconnect();
        await node.process.end();
      }),
    );
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async join(): Promise<void> {
    const [first, ...others] = this.nodes;
    const share = Math.ceil(SLOTS / this.nodes.length);
    await Promise.all(
      this.nodes.map(({ admin }, i) =>
        admin.call('CLUSTER', 'ADDSLOTSRANGE', i * share, Math.min(SLOTS, (i + 1) * share) - 1),
      ),
    );
    for (const { port } of others) await first!.admin.call('CLUSTER', 'MEET', '127.0.0.1', port);
    const views = () =>
      Promise.all(this.nodes.map(({ admin }) => admin.call('CLUSTER', 'INFO') as Promise<string>));
    const known = `cluster_known_nodes:${this.nodes.length}\r\n`;
    await until('the cluster is formed', views, (all) =>
      all.every((info) => info.includes('cluster_state:ok') && info.includes(known)),
    );
  }
}

function startNode(port: number, directory: string): Node {
  const settings = {
    bind: '127.0.0.1',
    port,
    dir: directory,
    'cluster-enabled': 'yes',
    'cluster-config-file': `nodes-${port}.conf`,
    'cluster-node-timeout': 2_000,
    requirepass: PASSWORD,
    masterauth: PASSWORD,
    save: '',
    appendonly: 'no',
    'maxmemory-policy': 'noeviction',
    loglevel: 'warning',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const admin = new Redis({ port, password: PASSWORD, retryStrategy: () => 50, maxRetriesPerRequest: null });
  admin.on('error', () => undefined);
  return { port, process: new WatchedProcess(['redis-server', ...options]), admin };
}

/** A port that is free together with its bus port. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if ((await isFree(port)) && (await isFree(port + BUS))) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
