import { setTimeout as sleep } from 'node:timers/promises';
import { BlockingReader, isCluster, isRedisAway, type RedisClient } from '@carillon/redis';
import { ConsumerReaper } from './consumer-reaper.js';
import { EntryReclaimer } from './entry-reclaimer.js';
import { EntrySettler } from './entry-settler.js';
import { dataOf, type EntryHandler, isReplayed, type QueueLogger, type StreamEntry } from './stream-entry.js';

export interface StreamConsumerOptions {
  /** For acknowledgements and claims. */
  readonly client: RedisClient;
  /** Makes a connection that blocks in XREADGROUP and is used for nothing else. */
  readonly connect: () => RedisClient;
  readonly streams: readonly string[];
  readonly group: string;
  /** This process among the group's consumers. */
  readonly consumer: string;
  readonly handler: EntryHandler;
  readonly logger: QueueLogger;
  /** Entries under way at once. */
  readonly concurrency?: number;
  /** An entry that its consumer has not touched for so long is taken over, ms. */
  readonly reclaimAfterMs?: number;
  /** Other consumers that were silent for so long and have nothing pending are forgotten, ms. */
  readonly forgetAfterMs?: number;
  /** An entry that failed so often goes to the dead letters. */
  readonly maxDeliveries?: number;
  /** Wait between reads that found something, ms: gathers more per read where latency does not matter. */
  readonly pauseMs?: number;
}

const BLOCK_MS = 2_000;
/** While Redis cannot be worked with, an entry is tried so often, and for so long. */
const AWAY_PAUSE_MS = 500;
const AWAY_LIMIT_MS = 600_000;
type Reply = [stream: string, entries: [id: string, fields: string[] | null][]][] | null;

/**
 * Reads streams through a consumer group. An entry is acknowledged and deleted after its handler has fulfilled; a failed
 * one stays pending and is tried again by whoever reclaims it. The stream's length is thus its backlog.
 */
export class StreamConsumer {
  private readonly settler: EntrySettler;
  private readonly reclaimer: EntryReclaimer;
  private readonly reaper: ConsumerReaper;
  /** Taken and not yet settled: begun, or waiting for its turn. */
  private readonly underWay = new Map<string, StreamEntry>();
  private readonly waiting: StreamEntry[] = [];
  private begun = 0;
  private readers: BlockingReader[] = [];
  private running = false;
  private roomWaiters: (() => void)[] = [];
  private readonly concurrency: number;

  constructor(private readonly options: StreamConsumerOptions) {
    this.concurrency = options.concurrency ?? 64;
    this.settler = new EntrySettler(options.client, options.group, options.logger);
    this.reclaimer = new EntryReclaimer({
      ...options,
      reclaimAfterMs: options.reclaimAfterMs ?? 5_000,
      maxDeliveries: options.maxDeliveries ?? 8,
      room: () => this.concurrency - this.underWay.size,
      underWay: () => this.underWay.values(),
      take: (entry) => this.take(entry),
    });
    this.reaper = new ConsumerReaper({ ...options, forgetAfterMs: options.forgetAfterMs ?? 60_000 });
  }

  async start(): Promise<void> {
    await Promise.all(this.options.streams.map((stream) => this.createGroup(stream)));
    this.running = true;
    this.readers = this.readableTogether().map(
      (streams) => new BlockingReader(this.options.connect(), (connection) => this.read(connection, streams)),
    );
    this.reclaimer.start();
    this.reaper.start();
  }

  /** Stops reading, waits for what is under way, then lets go. */
  async stop(deadlineMs = 10_000): Promise<void> {
    this.running = false;
    this.wakeReaders();
    await Promise.all([
      this.reclaimer.stop(),
      this.reaper.stop(),
      ...this.readers.map((reader) => reader.stop()),
    ]);
    const deadline = Date.now() + deadlineMs;
    while (this.underWay.size > 0 && Date.now() < deadline) await sleep(10);
    await this.settler.flush();
  }

  /** A cluster reads streams together only when they share a slot; one Redis reads them all at once. */
  private readableTogether(): string[][] {
    if (!isCluster(this.options.client)) return [[...this.options.streams]];
    const bySlot = new Map<string, string[]>();
    for (const stream of this.options.streams) {
      const tag = stream.slice(stream.indexOf('{'), stream.indexOf('}') + 1);
      bySlot.set(tag, [...(bySlot.get(tag) ?? []), stream]);
    }
    return [...bySlot.values()];
  }

  private async createGroup(stream: string): Promise<void> {
    try {
      await this.options.client.xgroup('CREATE', stream, this.options.group, '0', 'MKSTREAM');
    } catch (error) {
      if (!String(error).includes('BUSYGROUP')) throw error;
    }
  }

  private async read(connection: RedisClient, streams: readonly string[]): Promise<void> {
    while (this.running) {
      const room = await this.room();
      if (!this.running) return;
      try {
        const found = await this.readOnce(connection, streams, room);
        if (found > 0 && this.options.pauseMs) await sleep(this.options.pauseMs);
      } catch (error) {
        if (this.running) await this.recover(error, streams);
      }
    }
  }

  private async readOnce(connection: RedisClient, streams: readonly string[], room: number): Promise<number> {
    const { group, consumer } = this.options;
    const after = streams.map(() => '>');
    const reply = (await connection.xreadgroup(
      ...(['GROUP', group, consumer, 'COUNT', room, 'BLOCK', BLOCK_MS, 'STREAMS', ...streams, ...after] as [
        'GROUP',
        string,
        string,
        'COUNT',
        number,
        'BLOCK',
        number,
        'STREAMS',
        ...string[],
      ]),
    )) as Reply;
    // It was told to stop, and did not wait any longer: what came all the same is for another.
    if (!this.running) return 0;
    let found = 0;
    for (const [stream, entries] of reply ?? []) {
      for (const [id, fields] of entries) {
        found++;
        this.take({ stream, id, data: dataOf(fields) ?? '', deliveries: 1, isRepeated: isReplayed(fields) });
      }
    }
    return found;
  }

  /** Redis was restarted empty (NOGROUP) or is away: make the groups anew, or wait. */
  private async recover(error: unknown, streams: readonly string[]): Promise<void> {
    this.options.logger.warn({ error: String(error), streams: streams.length }, 'reading streams failed');
    await sleep(200);
    if (!String(error).includes('NOGROUP')) return;
    await Promise.allSettled(streams.map((stream) => this.createGroup(stream)));
  }

  /** Several reads and a take-over may each have found room: what is too much at once waits here. */
  private take(entry: StreamEntry): void {
    const key = keyOf(entry);
    if (this.underWay.has(key)) return;
    this.underWay.set(key, entry);
    this.waiting.push(entry);
    this.begin();
  }

  private begin(): void {
    while (this.begun < this.concurrency && this.waiting.length > 0) void this.work(this.waiting.shift()!);
  }

  private async work(entry: StreamEntry): Promise<void> {
    this.begun++;
    try {
      await this.attempt(entry);
      this.settler.settle(entry);
    } catch (error) {
      await this.failed(entry, error);
    }
    this.begun--;
    this.underWay.delete(keyOf(entry));
    this.begin();
    this.wakeReaders();
  }

  /** Redis' own trouble is no fault of the entry: it waits here until Redis is back, and counts as tried once. */
  private async attempt(entry: StreamEntry): Promise<void> {
    const deadline = Date.now() + AWAY_LIMIT_MS;
    for (;;) {
      try {
        return await this.options.handler(entry);
      } catch (error) {
        if (!isRedisAway(error) || !this.running || Date.now() > deadline) throw error;
        entry.isRepeated = true;
        await sleep(AWAY_PAUSE_MS);
      }
    }
  }

  private async failed(entry: StreamEntry, error: unknown): Promise<void> {
    const { stream, id, deliveries } = entry;
    this.options.logger.warn(
      { stream, id, deliveries, error: String(error) },
      'an entry failed and stays pending',
    );
    if (this.running || !isRedisAway(error)) await this.reclaimer.failed(entry, error);
  }

  private async room(): Promise<number> {
    while (this.running && this.underWay.size >= this.concurrency) {
      await new Promise<void>((resolve) => this.roomWaiters.push(resolve));
    }
    return Math.max(1, this.concurrency - this.underWay.size);
  }

  private wakeReaders(): void {
    const waiters = this.roomWaiters;
    this.roomWaiters = [];
    for (const wake of waiters) wake();
  }
}

const keyOf = ({ stream, id }: StreamEntry): string => `${stream} ${id}`;
