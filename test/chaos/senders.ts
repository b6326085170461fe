import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/until.js';
import { Backend } from './backend.js';
import type { Dice } from './dice.js';
import { type Draft, drawDraft, type Population, requestOf } from './drafts.js';
import type { Ledger } from './ledger/ledger.js';
import type { System } from './system.js';

interface AcceptedAnswer {
  readonly id: string;
  readonly expiresAt: string;
}

interface BatchAnswer {
  readonly results: readonly { readonly accepted?: AcceptedAnswer; readonly refused?: object }[];
}

const LANES = 12;
/** Share of the turns of a lane in which it sends many at once. */
const BATCHES = 0.03;
const MAX_BATCH = 20;
/** What no trouble of a run explains. */
const STALLED_MS = 600_000;

/** A backend that sends until each of its notifications was answered with 202, and takes some of them back. */
export class Senders {
  accepted = 0;
  private next = 0;
  private allowed = 0;
  private readonly backend: Backend;
  private readonly withdrawals = new Set<Promise<void>>();

  constructor(
    system: System,
    private readonly ledger: Ledger,
    private readonly population: Population,
    private readonly dice: Dice,
    private readonly run: { readonly total: number; readonly seed: number; readonly key: string },
  ) {
    this.backend = new Backend(system, run.key);
  }

  get repeated(): number {
    return this.backend.repeated;
  }

  /** Fulfilled when everything is accepted. */
  async send(): Promise<void> {
    await Promise.all(Array.from({ length: LANES }, () => this.lane()));
  }

  /** Fulfilled when what is to be taken back was. */
  async withdrawn(): Promise<void> {
    await Promise.all(this.withdrawals);
  }

  /** So many may have been sent by now. */
  allow(count: number): void {
    this.allowed = Math.min(this.run.total, Math.ceil(count));
  }

  /** Fulfilled when so many were accepted. */
  async reach(count: number): Promise<void> {
    await until('the senders come on', () => this.accepted >= count, Boolean, STALLED_MS);
  }

  private async lane(): Promise<void> {
    while (this.next < this.run.total) {
      const room = this.allowed - this.next;
      if (room <= 0) await sleep(10);
      else if (room > 1 && this.dice.chance(BATCHES)) await this.sendBatch(Math.min(room, MAX_BATCH));
      else await this.sendOne(this.draw());
    }
  }

  private draw(): Draft {
    return drawDraft(this.dice, this.population, this.next++);
  }

  private async sendOne(draft: Draft): Promise<void> {
    const begunTick = this.ledger.tick();
    const { n } = draft;
    const { status, body } = await this.backend.post('/v1/notifications', requestOf(draft), this.keyOf(n), n);
    if (status !== 202) throw new RefusedError(status, body);
    this.note(draft, begunTick, body as AcceptedAnswer);
  }

  private async sendBatch(size: number): Promise<void> {
    const drafts = Array.from({ length: this.dice.between(2, size + 1) }, () => this.draw());
    const begunTick = this.ledger.tick();
    const { n } = drafts[0]!;
    const request = { notifications: drafts.map(requestOf) };
    const answer = await this.backend.post('/v1/notifications/batch', request, `batch-${this.keyOf(n)}`, n);
    if (answer.status !== 202) throw new RefusedError(answer.status, answer.body);
    for (const [i, { accepted, refused }] of (answer.body as BatchAnswer).results.entries()) {
      if (!accepted) throw new RefusedError(answer.status, refused);
      this.note(drafts[i]!, begunTick, accepted);
    }
  }

  private note(draft: Draft, begunTick: number, answer: AcceptedAnswer): void {
    const { n, recipients, turn, priority, ttl, collapseKey, transports, delayMs } = draft;
    this.accepted++;
    this.ledger.accept({
      n,
      id: answer.id,
      begunTick,
      recipients,
      priority,
      expiresAt: Date.parse(answer.expiresAt),
      onlineOnly: ttl === 0,
      scheduled: delayMs !== undefined,
      restricted: transports !== undefined,
      ...(collapseKey !== undefined && { collapseKey }),
      ...(turn !== undefined && delayMs === undefined && { turn }),
    });
    if (draft.withdrawal) this.withdrawLater(answer.id, draft.withdrawal, n);
  }

  private withdrawLater(id: string, { kind, afterMs }: NonNullable<Draft['withdrawal']>, n: number): void {
    const done = sleep(afterMs)
      .then(() => (kind === 'cancel' ? this.cancel(id, n) : this.recall(id, n)))
      .then(() => void this.withdrawals.delete(done));
    this.withdrawals.add(done);
    // One that failed stays, and fails the run when it is waited for.
    done.catch(() => undefined);
  }

  private async cancel(id: string, n: number): Promise<void> {
    const begunAt = Date.now();
    const { status, body } = await this.backend.post(
      `/v1/notifications/${id}/cancel`,
      undefined,
      `cancel-${this.keyOf(n)}`,
      n,
    );
    // It has reached every inbox: there is nothing to cancel.
    if (status === 409) return;
    if (status !== 200) throw new RefusedError(status, body);
    this.ledger.withdraw(id, { status: 'cancelled', begunAt });
  }

  private async recall(id: string, n: number): Promise<void> {
    const begunAt = Date.now();
    const { status, body } = await this.backend.post(
      `/v1/notifications/${id}/recall`,
      undefined,
      `recall-${this.keyOf(n)}`,
      n,
    );
    if (status !== 200) throw new RefusedError(status, body);
    const { recallId } = body as { recallId: string };
    this.ledger.withdraw(id, { status: 'recalled', begunAt, recallId });
  }

  private readonly keyOf = (n: number): string => `${this.run.seed}-${n}`;
}

/** A request that no repetition makes good: the run itself is wrong. */
class RefusedError extends Error {
  constructor(status: number, body: unknown) {
    super(`a request was answered with ${status}: ${JSON.stringify(body)}`);
  }
}
