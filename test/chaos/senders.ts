import { setTimeout as sleep } from 'node:timers/promises';
import { TRANSPORT_KINDS } from '@carillon/domain';
import { until } from '../support/until.js';
import type { Dice } from './dice.js';
import type { Ledger } from './ledger/ledger.js';
import type { System } from './system.js';

/** Whom a run's devices can be reached as. */
export interface Population {
  readonly devices: readonly string[];
  readonly tags: ReadonlyMap<string, readonly string[]>;
  readonly users: ReadonlyMap<string, readonly string[]>;
}

interface Draft {
  readonly n: number;
  readonly audience: object;
  readonly recipients: readonly string[];
  readonly turn?: string;
  readonly priority: 'high' | 'normal';
  readonly ttl?: number;
  readonly collapseKey?: string;
  readonly transports?: readonly string[];
  readonly delayMs?: number;
}

const LANES = 12;
const ATTEMPT_MS = 10_000;
const RETRY_MS = 100;
/** What no trouble of a run explains. */
const STALLED_MS = 600_000;

/** A backend that sends until each of its notifications was answered with 202, by whichever API process answers. */
export class Senders {
  accepted = 0;
  /** Attempts without an answer, or with another than 202. */
  repeated = 0;
  private next = 0;
  private allowed = 0;

  constructor(
    private readonly system: System,
    private readonly ledger: Ledger,
    private readonly population: Population,
    private readonly dice: Dice,
    private readonly run: { readonly total: number; readonly seed: number; readonly key: string },
  ) {}

  /** Fulfilled when everything is accepted. */
  async send(): Promise<void> {
    await Promise.all(Array.from({ length: LANES }, () => this.lane()));
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
      if (this.next < this.allowed) await this.sendOne(this.draw(this.next++));
      else await sleep(10);
    }
  }

  private draw(n: number): Draft {
    const { dice } = this;
    const priority = dice.chance(0.2) ? 'high' : 'normal';
    return { n, ...this.drawAudience(), priority, ...this.drawOptions() };
  }

  private drawAudience(): Pick<Draft, 'audience' | 'recipients' | 'turn'> {
    const { dice } = this;
    const { devices, tags, users } = this.population;
    const kind = dice.between(0, 1_000);
    if (kind < 1) return { audience: { everyone: true }, recipients: devices };
    if (kind < 70) {
      const [tag, recipients] = dice.pick([...tags]);
      return { audience: { tag }, recipients };
    }
    if (kind < 120) {
      const [user, recipients] = dice.pick([...users]);
      return { audience: { user }, recipients, turn: `user ${user}` };
    }
    const device = dice.pick(devices);
    return { audience: { device }, recipients: [device], turn: `device ${device}` };
  }

  private drawOptions(): Pick<Draft, 'ttl' | 'collapseKey' | 'transports' | 'delayMs'> {
    const { dice } = this;
    const kind = dice.between(0, 100);
    if (kind < 1) return { ttl: 0 };
    if (kind < 5) return { ttl: dice.between(1, 6) };
    if (kind < 9) return { collapseKey: `key-${dice.between(0, 3)}` };
    if (kind < 11) return { transports: [dice.pick(TRANSPORT_KINDS)], ttl: dice.between(5, 20) };
    if (kind < 13) return { delayMs: dice.between(500, 6_000) };
    return {};
  }

  private async sendOne(draft: Draft): Promise<void> {
    const begunTick = this.ledger.tick();
    const body = JSON.stringify(requestOf(draft));
    for (;;) {
      const answer = await this.attempt(draft.n, body);
      if (answer) return this.note(draft, begunTick, answer);
      this.repeated++;
      await sleep(RETRY_MS);
    }
  }

  private async attempt(n: number, body: string): Promise<{ id: string; expiresAt: string } | undefined> {
    const urls = this.system.urls('api', 'HTTP');
    if (urls.length === 0) return undefined;
    try {
      const response = await fetch(`${urls[n % urls.length]}/v1/notifications`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${this.run.key}`,
          'content-type': 'application/json',
          'idempotency-key': `${this.run.seed}-${n}`,
        },
        body,
        signal: AbortSignal.timeout(ATTEMPT_MS),
      });
      const text = await response.text();
      if (response.status === 202) return JSON.parse(text);
      if (response.status < 500 && response.status !== 429) throw new RefusedError(response.status, text);
    } catch (error) {
      if (error instanceof RefusedError) throw error;
    }
    return undefined;
  }

  private note(draft: Draft, begunTick: number, answer: { id: string; expiresAt: string }): void {
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
  }
}

/** A send that no repetition makes good: the run itself is wrong. */
class RefusedError extends Error {
  constructor(status: number, text: string) {
    super(`a send was answered with ${status}: ${text}`);
  }
}

function requestOf({ n, audience, priority, ttl, collapseKey, transports, delayMs }: Draft): object {
  return {
    title: `Notification ${n}`,
    audience,
    priority,
    data: { n, priority },
    ...(ttl !== undefined && { ttl }),
    ...(collapseKey !== undefined && { collapseKey }),
    ...(transports && { transports }),
    ...(delayMs !== undefined && { at: new Date(Date.now() + delayMs).toISOString() }),
  };
}
