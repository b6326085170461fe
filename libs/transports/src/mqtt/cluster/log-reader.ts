import { setTimeout as sleep } from 'node:timers/promises';
import { BlockingReader, type RedisClient } from '@carillon/redis';
import { type RawEntry, rawEntries, type StreamRows } from './log-entries.js';

const BLOCK_MS = 2_000;
const RETRY_MS = 200;
const COUNT = 512;

type BinaryReads = {
  xreadBuffer(...args: (string | number)[]): Promise<[Buffer, StreamRows][] | null>;
};

/** Reads a stream from an entry on, every entry once, for as long as it is not stopped. */
export class LogReader {
  private reader: BlockingReader | undefined;
  private running = false;

  constructor(
    private readonly key: string,
    private readonly connect: () => RedisClient,
    private readonly take: (entries: readonly RawEntry[]) => void,
    private readonly onTrouble: (reason: string) => void,
  ) {}

  start(after: string): void {
    this.running = true;
    this.reader = new BlockingReader(this.connect(), (connection) => this.read(connection, after));
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.reader?.stop();
  }

  private async read(connection: RedisClient, after: string): Promise<void> {
    let last = after;
    while (this.running) {
      try {
        const reads = connection as unknown as BinaryReads;
        const reply = await reads.xreadBuffer('COUNT', COUNT, 'BLOCK', BLOCK_MS, 'STREAMS', this.key, last);
        const entries = rawEntries(reply?.[0]?.[1] ?? []);
        if (!this.running) return;
        last = entries.at(-1)?.id ?? last;
        if (entries.length > 0) this.take(entries);
      } catch (error) {
        if (!this.running) return;
        this.onTrouble(String(error));
        await sleep(RETRY_MS);
      }
    }
  }
}
