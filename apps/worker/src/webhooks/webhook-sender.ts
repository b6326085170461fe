import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import {
  DISABLE_AFTER,
  type Webhook,
  WEBHOOK_RETRIES,
  type WebhookBatch,
  webhookBody,
  webhookHeaders,
  WebhookAddresses,
} from '@carillon/domain';
import { type Counter, Metrics } from '@carillon/observability';
import { type AttemptOutcome, type ClaimedBatch, RedisWebhooks, WebhookQueue } from '@carillon/persistence';
import { ProcessContext, Recurring } from '@carillon/process';
import { WebhookList } from './webhook-list.js';
import { ATTEMPT_TIMEOUT, type AttemptResult, WebhookRequests } from './webhook-request.js';

const ROUND_MS = 100;
/** Long enough for an attempt and for saying what became of it. */
const LEASE_MS = ATTEMPT_TIMEOUT + 5_000;
/** Attempts that are under way at once from this worker: to one endpoint, and to all. */
const PER_ENDPOINT = 4;
const IN_ALL = 64;
const GONE = 410;

/** Posts what waits in the webhooks' queues. Every worker does it; a batch is one worker's while its lease lasts. */
@Injectable()
export class WebhookSender implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly requests: WebhookRequests;
  private readonly rounds: Recurring;
  private readonly underWay = new Map<string, Set<Promise<void>>>();
  private readonly attempts: Counter<'result'>;

  constructor(
    private readonly list: WebhookList,
    private readonly webhooks: RedisWebhooks,
    private readonly queue: WebhookQueue,
    private readonly context: ProcessContext,
    metrics: Metrics,
  ) {
    this.requests = new WebhookRequests(new WebhookAddresses(context.config.webhookNetworks));
    this.rounds = new Recurring('webhooks', () => this.round(), context.logger);
    this.attempts = metrics.counter({
      name: 'webhook_attempts_total',
      help: 'Batches posted to webhooks, by what became of it',
      labels: ['result'],
    });
  }

  onApplicationBootstrap(): void {
    this.rounds.start();
  }

  /** What is under way may come to its end: nothing of it is lost if it does not. */
  async onApplicationShutdown(): Promise<void> {
    await this.rounds.stop();
    await Promise.allSettled([...this.underWay.values()].flatMap((attempts) => [...attempts]));
    this.requests.close();
  }

  private async round(): Promise<number> {
    for (const webhook of await this.list.enabled(Date.now())) await this.startWhatIsDue(webhook);
    return ROUND_MS;
  }

  private async startWhatIsDue(webhook: Webhook): Promise<void> {
    const attempts = this.underWay.get(webhook.id) ?? new Set();
    this.underWay.set(webhook.id, attempts);
    while (attempts.size < PER_ENDPOINT && this.total() < IN_ALL) {
      const batch = await this.queue.claim(webhook.id, Date.now(), LEASE_MS);
      if (!batch) break;
      const attempt = this.attempt(webhook, batch).finally(() => attempts.delete(attempt));
      attempts.add(attempt);
    }
    if (attempts.size === 0) this.underWay.delete(webhook.id);
  }

  private total(): number {
    return [...this.underWay.values()].reduce((sum, { size }) => sum + size, 0);
  }

  private async attempt(webhook: Webhook, batch: ClaimedBatch): Promise<void> {
    const { id, url } = webhook;
    try {
      const body = webhookBody(batch);
      const signed = webhookHeaders(batch.id, body, secretsOf(webhook, Date.now()), Date.now());
      const headers = { 'content-type': 'application/json', 'user-agent': 'Carillon-Webhooks/1', ...signed };
      const result = await this.requests.post(url, headers, body);
      const outcome = outcomeOf(result, batch, Date.now());
      this.attempts.inc({ result: outcome.result });
      const failingSince = await this.queue.settle(id, batch, outcome, Date.now());
      await this.disableIfHopeless(id, result, failingSince);
    } catch (error) {
      // Its lease runs out, and it comes again.
      this.context.logger.warn(
        { webhook: id, error: String(error) },
        'a webhook attempt could not be settled',
      );
    }
  }

  private async disableIfHopeless(
    id: string,
    result: AttemptResult,
    failingSince: number | undefined,
  ): Promise<void> {
    const reason = reasonToDisable(result, failingSince, Date.now());
    if (reason === undefined) return;
    await this.webhooks.change(id, { enabled: false, disabledReason: reason });
    this.list.forget();
    this.context.logger.warn({ webhook: id, reason }, 'a webhook was disabled');
  }
}

function secretsOf({ secret, formerSecret, formerUntil = 0 }: Webhook, now: number): string[] {
  return formerSecret !== undefined && now < formerUntil ? [secret, formerSecret] : [secret];
}

function outcomeOf(result: AttemptResult, { attempts }: WebhookBatch, now: number): AttemptOutcome {
  const error = faultOf(result);
  if (error === undefined) return { result: 'delivered' };
  const wait = WEBHOOK_RETRIES[attempts];
  if (wait === undefined) return { result: 'dead', error };
  // Ten per cent either way, so that what failed together does not come again together.
  const jittered = wait * (0.9 + 0.2 * Math.random());
  return { result: 'retry', error, nextAt: Math.round(now + Math.max(jittered, retryAfterMs(result))) };
}

function faultOf(result: AttemptResult): string | undefined {
  if ('error' in result) return result.error;
  const { status } = result;
  if (status >= 200 && status < 300) return undefined;
  return status >= 300 && status < 400
    ? `it answered ${status}: redirects are not followed`
    : `it answered ${status}`;
}

const MAX_RETRY_AFTER = 3_600;
const retryAfterMs = (result: AttemptResult): number =>
  'retryAfter' in result && /^\d{1,6}$/.test(result.retryAfter!)
    ? Math.min(Number(result.retryAfter), MAX_RETRY_AFTER) * 1_000
    : 0;

function reasonToDisable(
  result: AttemptResult,
  failingSince: number | undefined,
  now: number,
): string | undefined {
  if ('status' in result && result.status === GONE) return 'it answered 410 Gone';
  if (failingSince === undefined || now - failingSince < DISABLE_AFTER) return undefined;
  return `nothing succeeded since ${new Date(failingSince).toISOString()}; last: ${faultOf(result) ?? ''}`;
}
