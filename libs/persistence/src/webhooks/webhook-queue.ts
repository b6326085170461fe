import { randomBytes } from 'node:crypto';
import {
  WEBHOOK_BATCH_EVENTS,
  type WebhookBatch,
  type WebhookEvent,
  type WebhookHealth,
  type WebhookLetter,
} from '@carillon/domain';
import { runScript } from '@carillon/redis';
import { resultsOf, type Store } from '../store.js';

export interface WebhookQueueBounds {
  /** Entries of up to 100 events that wait to be put together; beyond, the oldest go, and are counted. */
  readonly entries: number;
  /** Batches that wait for an attempt. */
  readonly batches: number;
  readonly letters: number;
  /** Events wait so long for others, ms. */
  readonly gatherMs: number;
}

export const WEBHOOK_QUEUE_BOUNDS: WebhookQueueBounds = {
  entries: 10_000,
  batches: 1_000,
  letters: 1_000,
  gatherMs: 250,
};

/** A batch that one worker may post until `leaseEnd` (ms since 1970). */
export interface ClaimedBatch extends WebhookBatch {
  readonly leaseEnd: number;
}

export type AttemptOutcome =
  | { readonly result: 'delivered' }
  | { readonly result: 'retry'; readonly error: string; readonly nextAt: number }
  | { readonly result: 'dead'; readonly error: string };

/** What waits for each endpoint. Nothing is taken out before it was delivered or stands among the dead letters. */
export class WebhookQueue {
  constructor(
    private readonly store: Store,
    private readonly bounds: WebhookQueueBounds = WEBHOOK_QUEUE_BOUNDS,
  ) {}

  async add(webhookId: string, events: readonly WebhookEvent[], now: number): Promise<void> {
    const { client, keys } = this.store;
    const both = [keys.webhookEvents(webhookId), keys.webhookState(webhookId)];
    for (let i = 0; i < events.length; i += WEBHOOK_BATCH_EVENTS) {
      const some = events.slice(i, i + WEBHOOK_BATCH_EVENTS);
      const text = some.map((event) => JSON.stringify(event)).join(',');
      await runScript(client, 'queue-webhook-events', both, [text, some.length, now, this.bounds.entries]);
    }
  }

  /** A batch that is due, for one worker alone while its lease lasts. */
  async claim(webhookId: string, now: number, leaseMs: number): Promise<ClaimedBatch | undefined> {
    const { client, keys } = this.store;
    const leaseEnd = now + leaseMs;
    const [id, attempts, createdAt, events] = await runScript<string[]>(
      client,
      'claim-webhook-batch',
      [keys.webhookEvents(webhookId), keys.webhookBatches(webhookId), keys.webhookDue(webhookId)],
      [
        randomBytes(16).toString('hex'),
        now,
        leaseEnd,
        WEBHOOK_BATCH_EVENTS,
        this.bounds.gatherMs,
        this.bounds.batches,
      ],
    );
    if (id === undefined) return undefined;
    return { id, attempts: Number(attempts), createdAt: Number(createdAt), events: events!, leaseEnd };
  }

  /** @returns since when the endpoint fails, ms since 1970 */
  async settle(
    webhookId: string,
    { id, leaseEnd }: ClaimedBatch,
    outcome: AttemptOutcome,
    now: number,
  ): Promise<number | undefined> {
    const { client, keys } = this.store;
    const error = outcome.result === 'delivered' ? '' : outcome.error;
    const nextAt = outcome.result === 'retry' ? outcome.nextAt : '';
    const since = await runScript<string>(
      client,
      'settle-webhook-batch',
      [
        keys.webhookDue(webhookId),
        keys.webhookBatches(webhookId),
        keys.webhookState(webhookId),
        keys.webhookDead(webhookId),
      ],
      [id, leaseEnd, outcome.result, now, error, nextAt, this.bounds.letters],
    );
    return since === '' ? undefined : Number(since);
  }

  async health(webhookId: string): Promise<WebhookHealth> {
    const { client, keys } = this.store;
    const replies = await client
      .pipeline()
      .hgetall(keys.webhookState(webhookId))
      .hlen(keys.webhookBatches(webhookId))
      .exec();
    const [state, waiting] = resultsOf(replies) as [Record<string, string>, number];
    return {
      ...(state.lastSuccessAt && { lastSuccessAt: Number(state.lastSuccessAt) }),
      ...(state.failingSince && { failingSince: Number(state.failingSince) }),
      ...(state.lastError && { lastError: state.lastError }),
      dropped: Number(state.dropped ?? 0),
      waiting,
    };
  }

  /** Forgets that it failed, and makes what waits due at once. */
  async revive(webhookId: string, now: number): Promise<void> {
    const { client, keys } = this.store;
    await client.hdel(keys.webhookState(webhookId), 'failingSince');
    const waiting = await client.zrangebyscore(keys.webhookDue(webhookId), now, '+inf', 'LIMIT', 0, 1_000);
    if (waiting.length === 0) return;
    const due = waiting.flatMap((id) => [now, id]);
    await client.zadd(keys.webhookDue(webhookId), 'XX', 'LT', ...due);
  }

  /** Oldest first. */
  async letters(webhookId: string, after: string | undefined, limit: number): Promise<WebhookLetter[]> {
    const from = after === undefined ? '-' : `(${after}`;
    const key = this.store.keys.webhookDead(webhookId);
    const entries = await this.store.client.xrange(key, from, '+', 'COUNT', limit);
    return entries.map(([letterId, fields]) => toLetter(letterId, fields));
  }

  async letter(webhookId: string, letterId: string): Promise<WebhookLetter | undefined> {
    const key = this.store.keys.webhookDead(webhookId);
    const [entry] = await this.store.client.xrange(key, letterId, letterId);
    return entry && toLetter(entry[0], entry[1]);
  }

  /** @returns whether the letter was there */
  async replay(webhookId: string, letterId: string, now: number): Promise<boolean> {
    const { client, keys } = this.store;
    const three = [keys.webhookDead(webhookId), keys.webhookBatches(webhookId), keys.webhookDue(webhookId)];
    return (await runScript<number>(client, 'replay-webhook-letter', three, [letterId, now])) === 1;
  }

  /** @returns whether the letter was there */
  async discard(webhookId: string, letterId: string): Promise<boolean> {
    return (await this.store.client.xdel(this.store.keys.webhookDead(webhookId), letterId)) === 1;
  }
}

function toLetter(letterId: string, fields: readonly string[]): WebhookLetter {
  const record = new Map<string, string>();
  for (let i = 0; i < fields.length; i += 2) record.set(fields[i]!, fields[i + 1]!);
  return {
    letterId,
    id: record.get('batch')!,
    attempts: Number(record.get('attempts')),
    createdAt: Number(record.get('madeAt')),
    events: record.get('events')!,
    reason: record.get('reason')!,
    at: Number(record.get('at')),
  };
}
