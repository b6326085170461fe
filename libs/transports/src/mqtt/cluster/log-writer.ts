import { setTimeout as sleep } from 'node:timers/promises';
import { type RedisClient, type RedisKeys, runScript } from '@carillon/redis';
import type { EntryKind } from './log-entries.js';
import { positionOf } from './log-positions.js';

export interface NewEntry {
  readonly kind: EntryKind;
  readonly body: Buffer;
  /** Topic of a retained message, or field of a shared subscription. */
  readonly key?: string;
  readonly value?: string;
  /** Of a retained message, ms. */
  readonly expiresAt?: number;
}

export interface LogWriterOptions {
  readonly client: RedisClient;
  readonly keys: RedisKeys;
  readonly brokerId: string;
  readonly onTrouble: (reason: string) => void;
}

interface Waiting {
  readonly entry: NewEntry;
  readonly written: (position: number) => void;
}

/** Entries that the log may have before brokers wait for the slowest of them to read on. */
const MAX_LENGTH = 200_000;
const MAX_BATCH = 256;
const MAX_BATCH_BYTES = 1024 * 1024;
/** More than this waits in memory: whoever publishes has to wait too. */
const CONGESTED_BYTES = 8 * 1024 * 1024;
const RETRY_MS = 200;

/** Appends to the brokers' log: all that comes while one batch is written goes as the next. What cannot be written waits. */
export class LogWriter {
  private queue: Waiting[] = [];
  private bytes = 0;
  private loop: Promise<void> | undefined;
  private stopped = false;

  constructor(private readonly options: LogWriterOptions) {}

  get congested(): boolean {
    return this.bytes > CONGESTED_BYTES;
  }

  append(entry: NewEntry): Promise<number> {
    return new Promise((written) => {
      this.queue.push({ entry, written });
      this.bytes += entry.body.length;
      this.loop ??= this.run();
    });
  }

  /** What waits is written, unless it cannot be for `patienceMs`. */
  async stop(patienceMs: number): Promise<void> {
    await Promise.race([this.loop, sleep(patienceMs, undefined, { ref: false })]);
    this.stopped = true;
  }

  private async run(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.queue.length > 0) await this.write(this.take());
    this.loop = undefined;
  }

  private take(): Waiting[] {
    let bytes = 0;
    let count = 0;
    while (count < this.queue.length && count < MAX_BATCH && bytes < MAX_BATCH_BYTES) {
      bytes += this.queue[count++]!.entry.body.length;
    }
    this.bytes -= bytes;
    return this.queue.splice(0, count);
  }

  private async write(batch: readonly Waiting[]): Promise<void> {
    const args = batch.flatMap(({ entry }) => argumentsOf(entry));
    for (;;) {
      const outcome = await this.attempt(args);
      if (Array.isArray(outcome)) {
        batch.forEach(({ written }, i) => written(positionOf(outcome[i]!)));
        return;
      }
      if (this.stopped) return;
      this.options.onTrouble(outcome);
      await sleep(RETRY_MS);
    }
  }

  private async attempt(args: readonly (string | Buffer)[]): Promise<string[] | string> {
    const { client, keys, brokerId } = this.options;
    const names = [
      keys.mqttLog(),
      keys.mqttRetained(),
      keys.mqttRetainedExpiry(),
      keys.mqttShares(),
      keys.mqttBrokers(),
    ];
    try {
      return await runScript<string[] | string>(client, 'append-mqtt-log', names, [
        brokerId,
        MAX_LENGTH,
        Date.now(),
        ...args,
      ]);
    } catch (error) {
      return String(error);
    }
  }
}

function argumentsOf({ kind, body, key = '', value = '', expiresAt }: NewEntry): (string | Buffer)[] {
  const expiry = expiresAt === undefined || expiresAt === Infinity ? '' : `${Math.ceil(expiresAt)}`;
  return [kind, body, key, value, expiry];
}
