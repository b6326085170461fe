import { setTimeout as sleep } from 'node:timers/promises';
import type { DeliveryStep, Inbox } from '@carillon/domain';
import type { TransportLogger } from '../transport-context.js';

/** Steps wait so long for others to be recorded with, ms: less than a person or a p99 notices. */
const GATHER_MS = 4;
const MAX_BATCH = 500;
const RETRY_MS = 250;
/** Beyond this the oldest steps are given up: an acknowledgement that is lost makes its entry come once more. */
const MAX_WAITING = 200_000;

/** Records steps of deliveries in batches, in order, and again until Redis has taken them. */
export class ReceiptBatcher {
  private waiting: DeliveryStep[] = [];
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> | undefined;

  constructor(
    private readonly inbox: Inbox,
    private readonly logger: TransportLogger,
  ) {}

  record(step: DeliveryStep): void {
    this.waiting.push(step);
    if (this.flushing) return;
    if (this.waiting.length >= MAX_BATCH) this.startFlush();
    else this.timer ??= setTimeout(() => this.startFlush(), GATHER_MS);
  }

  /** Fulfilled when everything recorded so far has been taken. */
  async flush(): Promise<void> {
    while (this.flushing || this.waiting.length > 0) {
      if (!this.flushing) this.startFlush();
      await this.flushing;
    }
  }

  private startFlush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.flushing ??= this.drain().finally(() => {
      this.flushing = undefined;
    });
  }

  private async drain(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, MAX_BATCH);
      try {
        await this.inbox.record(batch);
      } catch (error) {
        this.logger.warn(
          { error: String(error), steps: batch.length },
          'recording receipts failed and is tried again',
        );
        this.keep(batch);
        await sleep(RETRY_MS);
      }
    }
  }

  private keep(batch: DeliveryStep[]): void {
    this.waiting = [...batch, ...this.waiting];
    const surplus = this.waiting.length - MAX_WAITING;
    if (surplus <= 0) return;
    this.waiting.splice(0, surplus);
    this.logger.error({ steps: surplus }, 'receipts were given up; their deliveries will be repeated');
  }
}
