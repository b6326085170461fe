import { Ctx, Payload } from '@nestjs/microservices';
import type { Receipt } from '@carillon/domain';
import { type Counter, Metrics } from '@carillon/observability';
import { ReceiptCounter, Store } from '@carillon/persistence';
import { WORKERS } from '@carillon/process';
import { WebhookFeed } from '../webhooks/webhook-feed.js';
import { RedisStreamsContext, StreamController, StreamHandler } from '@carillon/queue';

const partitionOf = (stream: string): string => /\{p(\d+)\}/.exec(stream)![1]!;

/** Counts what the inboxes report, and passes it on to webhooks. */
@StreamController()
export class ReceiptsController {
  private readonly counter: ReceiptCounter;
  private readonly receipts: Counter<'state' | 'transport'>;

  constructor(
    store: Store,
    metrics: Metrics,
    private readonly webhooks: WebhookFeed,
  ) {
    this.counter = new ReceiptCounter(store, WORKERS);
    this.receipts = metrics.counter({
      name: 'receipts_total',
      help: 'Receipts that this process counted, by state and transport',
      labels: ['state', 'transport'],
    });
  }

  @StreamHandler('receipts')
  async count(@Payload() receipts: readonly Receipt[], @Ctx() context: RedisStreamsContext): Promise<void> {
    const { entry } = context;
    const { stream, id } = entry;
    // Before the entry is acknowledged: killed in between, it comes again, and so do its events, under the same ids.
    await this.webhooks.take(receipts, `${partitionOf(stream)}-${id}`);
    if (!(await this.counter.count(stream, id, receipts))) return;
    entry.isSettled = true;
    for (const { state, transport, count } of byKind(receipts))
      this.receipts.inc({ state, transport }, count);
  }
}

type Kind = Pick<Receipt, 'state' | 'transport'>;

/** How many receipts there are of each state and transport. */
function byKind(receipts: readonly Receipt[]): Iterable<Kind & { count: number }> {
  const kinds = new Map<string, Kind & { count: number }>();
  for (const { state, transport, count } of receipts) {
    const kind = kinds.get(state + transport);
    if (kind) kind.count += count;
    else kinds.set(state + transport, { state, transport, count });
  }
  return kinds.values();
}
