import { setTimeout as sleep } from 'node:timers/promises';
import type { DeliveryStep, Inbox } from '@carillon/domain';
import type { TransportLogger } from '../transport-context.js';
import { HeldWrites } from './held-writes.js';

/** Steps wait so long for others to be recorded with, ms: less than a person or a p99 notices. */
const GATHER_MS = 4;
const MAX_BATCH = 5_000;
const RETRY_MS = 250;
/** Beyond this the oldest steps are given up: an acknowledgement that is lost makes its entry come once more. */
const MAX_WAITING = 200_000;

/** What was recorded last is kept for so long, ms, and no more steps than that: a fail-over of Redis may forget it. */
const RECENT_MS = 5_000;
const MAX_RECENT = 50_000;

interface Recorded {
  readonly at: number;
  readonly steps: readonly DeliveryStep[];
}

/** Records steps of deliveries in batches, those of a delivery in order, and again until Redis has taken them. */
export class ReceiptBatcher {
  private readonly writes = new HeldWrites((steps) => this.enqueue(steps));
  private waiting: DeliveryStep[] = [];
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> | undefined;
  /** Steps that ever came, and those of them that are done with. */
  private recorded = 0;
  private settled = 0;
  private waiters: (() => void)[] = [];
  private recent: Recorded[] = [];
  private recentSteps = 0;

  constructor(
    private readonly inbox: Inbox,
    private readonly logger: TransportLogger,
  ) {}

  record(step: DeliveryStep): void {
    this.recorded++;
    if (step.state === 'written') {
      if (!this.writes.hold(step)) this.done(1);
      return;
    }
    const written = this.writes.take(step);
    if (written) this.waiting.push(written);
    this.waiting.push(step);
    this.schedule();
  }

  /**
   * Records the last seconds' steps once more, before all others: Redis may have been replaced by a replica that had not
   * heard of them. Repeated steps change nothing.
   */
  repeatRecent(): void {
    const steps = this.recent.flatMap((batch) => batch.steps);
    this.recent = [];
    this.recentSteps = 0;
    if (steps.length === 0) return;
    this.waiting = [...steps, ...this.waiting];
    this.recorded += steps.length;
    this.startFlush();
  }

  /** Fulfilled when everything recorded before the call has been taken, whatever comes after. */
  async flush(): Promise<void> {
    const mark = this.recorded;
    this.writes.releaseAll();
    while (this.settled < mark) {
      const settling = new Promise<void>((resolve) => this.waiters.push(resolve));
      this.startFlush();
      await settling;
    }
  }

  private enqueue(steps: readonly DeliveryStep[]): void {
    for (const step of steps) this.waiting.push(step);
    this.schedule();
  }

  private schedule(): void {
    if (this.flushing || this.waiting.length === 0) return;
    if (this.waiting.length >= MAX_BATCH || this.waiters.length > 0) this.startFlush();
    else this.timer ??= setTimeout(() => this.startFlush(), GATHER_MS);
  }

  private startFlush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.flushing ??= this.recordBatch().finally(() => {
      this.flushing = undefined;
      this.schedule();
    });
  }

  private async recordBatch(): Promise<void> {
    const batch = this.waiting.splice(0, MAX_BATCH);
    if (batch.length === 0) return;
    try {
      await this.inbox.record(batch);
      this.remember(batch);
      this.done(batch.length);
    } catch (error) {
      this.logger.warn(
        { error: String(error), steps: batch.length },
        'recording receipts failed and is tried again',
      );
      this.keep(batch);
      await sleep(RETRY_MS);
    }
  }

  private remember(steps: readonly DeliveryStep[]): void {
    const at = Date.now();
    this.recent.push({ at, steps });
    this.recentSteps += steps.length;
    while (this.recent[0]!.at < at - RECENT_MS || this.recentSteps > MAX_RECENT)
      this.recentSteps -= this.recent.shift()!.steps.length;
  }

  private done(steps: number): void {
    this.settled += steps;
    const { waiters } = this;
    this.waiters = [];
    for (const resolve of waiters) resolve();
  }

  private keep(batch: DeliveryStep[]): void {
    this.waiting = [...batch, ...this.waiting];
    const surplus = this.waiting.length - MAX_WAITING;
    if (surplus <= 0) return;
    this.waiting.splice(0, surplus);
    this.done(surplus);
    this.logger.error({ steps: surplus }, 'receipts were given up; their deliveries will be repeated');
  }
}
