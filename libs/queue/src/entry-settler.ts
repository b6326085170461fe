import type { RedisClient } from '@carillon/redis';
import type { QueueLogger, StreamEntry } from './stream-entry.js';

/** Acknowledges and deletes finished entries, those of one tick together. */
export class EntrySettler {
  private finished = new Map<string, string[]>();
  private scheduled = false;
  private flushing: Promise<void> = Promise.resolve();

  constructor(
    private readonly client: RedisClient,
    private readonly group: string,
    private readonly logger: QueueLogger,
  ) {}

  settle(entry: StreamEntry): void {
    if (entry.isSettled) return;
    const ids = this.finished.get(entry.stream);
    if (ids) ids.push(entry.id);
    else this.finished.set(entry.stream, [entry.id]);
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => void this.flush());
  }

  /** An acknowledgement that is lost makes the entry come again; handlers are made for that. */
  flush(): Promise<void> {
    this.scheduled = false;
    const finished = this.finished;
    this.finished = new Map();
    const sent = [...finished].map(([stream, ids]) => this.acknowledge(stream, ids));
    this.flushing = Promise.all([this.flushing, ...sent]).then(() => undefined);
    return this.flushing;
  }

  private async acknowledge(stream: string, ids: string[]): Promise<void> {
    try {
      await Promise.all([this.client.xack(stream, this.group, ...ids), this.client.xdel(stream, ...ids)]);
    } catch (error) {
      this.logger.warn({ stream, entries: ids.length, error: String(error) }, 'acknowledging entries failed');
    }
  }
}
