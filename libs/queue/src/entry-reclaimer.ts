import { runScript, type RedisClient } from '@carillon/redis';
import { DeadLetters, MAX_DEAD_LETTERS } from './dead-letters.js';
import { dataOf, type QueueLogger, type StreamEntry } from './stream-entry.js';

export interface EntryReclaimerOptions {
  readonly client: RedisClient;
  readonly streams: readonly string[];
  readonly group: string;
  readonly consumer: string;
  readonly logger: QueueLogger;
  readonly reclaimAfterMs: number;
  readonly maxDeliveries: number;
  readonly room: () => number;
  readonly underWay: () => Iterable<StreamEntry>;
  readonly take: (entry: StreamEntry) => void;
}

type Claimed = [id: string, fields: string[] | null] | null;
type Pending = [id: string, consumer: string, idle: number, deliveries: number];

/**
 * Takes over entries that a dead (or failing) consumer left pending, keeps this consumer's own long-running ones from being
 * taken over, and buries those that keep failing. XPENDING tells the number of deliveries, which XAUTOCLAIM does not.
 */
export class EntryReclaimer {
  private readonly reasons = new Map<string, string>();
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> | undefined;
  private stopped = false;

  constructor(private readonly options: EntryReclaimerOptions) {}

  start(): void {
    this.timer = setInterval(() => this.startRound(), this.options.reclaimAfterMs / 3);
  }

  /** Fulfilled when nothing more will be taken over. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.round;
  }

  /** An entry that failed for the last time is buried at once: nobody else would know why. */
  async failed(entry: StreamEntry, error: unknown): Promise<void> {
    const reason = error instanceof Error ? error.message : String(error);
    if (this.reasons.size > 1_000) this.reasons.clear();
    this.reasons.set(entry.id, reason);
    if (entry.deliveries < this.options.maxDeliveries) return;
    try {
      await this.bury(entry);
    } catch (buryError) {
      this.options.logger.warn(
        { id: entry.id, error: String(buryError) },
        'burying an entry failed and is tried again',
      );
    }
  }

  private startRound(): void {
    this.round ??= this.touchAndReclaim().finally(() => (this.round = undefined));
  }

  private async touchAndReclaim(): Promise<void> {
    try {
      await this.touchOwn();
      await Promise.all(this.options.streams.map((stream) => this.reclaim(stream)));
    } catch (error) {
      this.options.logger.warn({ error: String(error) }, 'reclaiming entries failed');
    }
  }

  /** Resets the idle time of what is under way here, so that nobody else starts it too. */
  private async touchOwn(): Promise<void> {
    const { client, group, consumer } = this.options;
    const byStream = new Map<string, string[]>();
    for (const { stream, id } of this.options.underWay()) {
      byStream.set(stream, [...(byStream.get(stream) ?? []), id]);
    }
    for (const [stream, ids] of byStream)
      await client.call('XCLAIM', stream, group, consumer, 0, ...ids, 'JUSTID');
  }

  private async reclaim(stream: string): Promise<void> {
    const { client, group, reclaimAfterMs, room, maxDeliveries } = this.options;
    const count = Math.min(64, room());
    if (count < 1) return;
    const pending = (await client.xpending(
      stream,
      group,
      'IDLE',
      reclaimAfterMs,
      '-',
      '+',
      count,
    )) as Pending[];
    for (const [id, , , deliveries] of pending)
      await this.claim(stream, id, deliveries >= maxDeliveries, deliveries + 1);
  }

  private async claim(stream: string, id: string, tooOften: boolean, deliveries: number): Promise<void> {
    const { client, group, consumer, reclaimAfterMs, take } = this.options;
    // What nobody has claimed is for whoever runs on.
    if (this.stopped) return;
    const claimed = (await client.call('XCLAIM', stream, group, consumer, reclaimAfterMs, id)) as Claimed[];
    const fields = claimed[0]?.[1];
    if (!fields) return;
    const entry = { stream, id, data: dataOf(fields) ?? '', isRepeated: true };
    if (tooOften) await this.bury({ ...entry, deliveries: deliveries - 1 });
    else take({ ...entry, deliveries });
  }

  private async bury(entry: StreamEntry): Promise<void> {
    const { client, group, logger } = this.options;
    const reason = this.reasons.get(entry.id) ?? 'its consumer died each time';
    const forgotten = await runScript<number>(
      client,
      'bury-entry',
      [entry.stream, DeadLetters.keyFor(entry.stream)],
      [group, entry.id, entry.data, reason, entry.deliveries, Date.now(), MAX_DEAD_LETTERS],
    );
    if (forgotten < 0) return;
    logger.error({ stream: entry.stream, id: entry.id, reason }, 'an entry went to the dead letters');
    if (forgotten > 0)
      logger.error({ stream: entry.stream, forgotten }, 'the oldest dead letters were forgotten');
  }
}
