import { Ctx, Payload } from '@nestjs/microservices';
import type { Receipt } from '@carillon/domain';
import { type Counter, Metrics } from '@carillon/observability';
import { ReceiptCounter, Store } from '@carillon/persistence';
import { WORKERS } from '@carillon/process';
import { RedisStreamsContext, StreamController, StreamHandler } from '@carillon/queue';

/** Counts what the inboxes report. */
@StreamController()
export class ReceiptsController {
  private readonly counter: ReceiptCounter;
  private readonly receipts: Counter<'state' | 'transport'>;

  constructor(store: Store, metrics: Metrics) {
    this.counter = new ReceiptCounter(store, WORKERS);
    this.receipts = metrics.counter({
      name: 'receipts_total',
      help: 'Receipts that this process counted, by state and transport',
      labels: ['state', 'transport'],
    });
  }

  @StreamHandler('receipts')
  async count(@Payload() receipts: readonly Receipt[], @Ctx() context: RedisStreamsContext): Promise<void> {
    const { stream, id } = context.entry;
    if (!(await this.counter.count(stream, id, receipts))) return;
    for (const { state, transport, count } of receipts) this.receipts.inc({ state, transport }, count);
  }
}
