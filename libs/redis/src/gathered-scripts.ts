import { ReplyError } from 'ioredis';
import { Gatherer } from './gatherer.js';
import { isCluster, type RedisClient } from './redis-client.js';
import { type Argument, manyOf, runBinaryScript, runScript, type ScriptName } from './redis-scripts.js';

/** A script holds Redis for as long as it runs: no more keys than these in one call, unless one alone has more. */
const MAX_KEYS = 1_000;

interface Call {
  readonly name: ScriptName;
  readonly keys: readonly string[];
  readonly args: readonly Argument[];
  readonly resolve: (reply: never) => void;
  readonly reject: (error: Error) => void;
}

/** Calls of one script that lie on one node. */
interface Batch {
  readonly name: ScriptName;
  readonly calls: Call[];
  keys: number;
}

/** `{1, reply}` or `{0, what is wrong}`, in the order of the calls. */
type ManyReply = [done: 0 | 1, reply: unknown][];

export interface GatheredScriptsOptions {
  /** Every string of a reply as the bytes that it is. */
  readonly binary?: boolean;
}

/**
 * Script calls that come while others are under way go to Redis together when those are answered: in one write, and those of one script that lie on one
 * node as one call, in their order. Most of what a small call costs is spent on its way. Each answers and fails by itself. A call that comes alone waits for nobody.
 */
export class GatheredScripts {
  private readonly calls = new Gatherer<Call>((calls) => this.sendAll(calls));

  constructor(
    private readonly client: RedisClient,
    private readonly options: GatheredScriptsOptions = {},
  ) {}

  /** As `runScript`. */
  run<Reply>(name: ScriptName, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.calls.add({ name, keys, args, resolve, reject });
    });
  }

  /** Fulfilled when everything that was called has been answered. */
  settled(): Promise<void> {
    return this.calls.settled();
  }

  private async sendAll(calls: readonly Call[]): Promise<void> {
    await Promise.all(this.batchesOf(calls).map((batch) => this.send(batch)));
  }

  /** Those of one script that come one after the other; in a cluster, those that share a hash tag. */
  private batchesOf(calls: readonly Call[]): Batch[] {
    const batches: Batch[] = [];
    const open = new Map<string, Batch>();
    for (const call of calls) {
      const node = isCluster(this.client) ? hashTagOf(call.keys[0]!) : '';
      const last = open.get(node);
      if (last?.name === call.name && last.keys + call.keys.length <= MAX_KEYS) {
        last.calls.push(call);
        last.keys += call.keys.length;
        continue;
      }
      const batch = { name: call.name, calls: [call], keys: call.keys.length };
      open.set(node, batch);
      batches.push(batch);
    }
    return batches;
  }

  private async send(batch: Batch): Promise<void> {
    const run = this.options.binary ? runBinaryScript : runScript;
    try {
      settle(batch, await run(this.client, ...commandOf(batch)));
    } catch (error) {
      rejectAll(batch, error as Error);
    }
  }
}

/** One call goes as it is. */
function commandOf({
  name,
  calls,
}: Batch): [ScriptName | ReturnType<typeof manyOf>, readonly string[], readonly Argument[]] {
  if (calls.length === 1) return [name, calls[0]!.keys, calls[0]!.args];
  const allKeys: string[] = [];
  const allArgs: Argument[] = [];
  for (const { keys, args } of calls) {
    allArgs.push(keys.length, args.length);
    for (const key of keys) allKeys.push(key);
    for (const arg of args) allArgs.push(arg);
  }
  return [manyOf(name), allKeys, allArgs];
}

function settle({ calls }: Batch, reply: unknown): void {
  if (calls.length === 1) return calls[0]!.resolve(reply as never);
  const replies = reply as ManyReply;
  calls.forEach(({ resolve, reject }, i) => {
    const [done, own] = replies[i]!;
    if (done === 1) resolve((own ?? null) as never);
    else reject(new ReplyError(String(own)));
  });
}

function rejectAll({ calls }: Batch, error: Error): void {
  for (const { reject } of calls) reject(error);
}

const hashTagOf = (key: string): string => key.slice(key.indexOf('{'), key.indexOf('}') + 1);
