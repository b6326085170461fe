import { Cluster } from 'ioredis';
import type { RedisClient } from './redis-client.js';
import { addBinaryScript, type Argument, runBinaryScript, type ScriptName } from './redis-scripts.js';

interface Call {
  readonly name: ScriptName;
  readonly keys: readonly string[];
  readonly args: readonly Argument[];
  readonly resolve: (reply: never) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Script calls that come while others are under way go to Redis together when those are answered: one write to the socket
 * instead of one for each, which is most of what a call costs here. Each answers and fails by itself. In a cluster, where
 * they are for different nodes, they go one by one.
 */
export class GatheredScripts {
  private waiting: Call[] = [];
  private underWay = false;

  constructor(private readonly client: RedisClient) {}

  /** As `runBinaryScript`. */
  run<Reply>(name: ScriptName, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    if (this.client instanceof Cluster) return runBinaryScript(this.client, name, keys, args);
    return new Promise((resolve, reject) => {
      this.waiting.push({ name, keys, args, resolve, reject });
      if (this.underWay) return;
      this.underWay = true;
      setImmediate(() => void this.sendAll());
    });
  }

  private async sendAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const calls = this.waiting;
      this.waiting = [];
      await (calls.length === 1 ? this.sendOne(calls[0]!) : this.send(calls));
    }
    this.underWay = false;
  }

  private async sendOne({ name, keys, args, resolve, reject }: Call): Promise<void> {
    await runBinaryScript<never>(this.client, name, keys, args).then(resolve, reject);
  }

  private async send(calls: readonly Call[]): Promise<void> {
    const pipeline = this.client.pipeline();
    for (const { name, keys, args } of calls) addBinaryScript(pipeline, name, keys, args);
    try {
      const replies = (await pipeline.exec())!;
      calls.forEach(({ resolve, reject }, i) => {
        const [error, reply] = replies[i]!;
        if (error) reject(error);
        else resolve(reply as never);
      });
    } catch (error) {
      for (const { reject } of calls) reject(error as Error);
    }
  }
}
