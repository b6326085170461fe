import { runScript } from '@carillon/redis';
import { type Idempotency, IDEMPOTENCY_RETENTION } from '../notifications/acceptor.js';
import type { Store } from '../store.js';

export type IdempotencyClaim =
  | { readonly outcome: 'claimed' | 'mismatch' | 'pending' }
  | { readonly outcome: 'answered'; readonly answer: string };

/** A request that has not asked for its key again for so long has died with its process, ms. Longer than a command waits for Redis. */
const CLAIM_LIFE = 30_000;
/** So often a request at work asks for its key again, ms. */
export const IDEMPOTENCY_RENEWAL = 10_000;

/** Which requests with an idempotency key were answered, and how. */
export class RedisIdempotency {
  constructor(private readonly store: Store) {}

  /** @param token names who asks: whoever has the key has it for longer */
  async claim(
    app: string,
    { keyHash, digest }: Idempotency,
    token: string,
    now: number,
  ): Promise<IdempotencyClaim> {
    const [outcome, answer = ''] = await runScript<string[]>(
      this.store.client,
      'claim-idempotency',
      [this.key(app, keyHash)],
      [digest, token, now, now + CLAIM_LIFE, IDEMPOTENCY_RETENTION],
    );
    return outcome === 'answered'
      ? { outcome, answer }
      : { outcome: outcome as 'claimed' | 'mismatch' | 'pending' };
  }

  /** @param answer undefined when nothing came of it, and the request may come again */
  async settle(
    app: string,
    { keyHash }: Idempotency,
    token: string,
    answer: string | undefined,
  ): Promise<void> {
    const args = [token, answer ?? '', IDEMPOTENCY_RETENTION];
    await runScript(this.store.client, 'settle-idempotency', [this.key(app, keyHash)], args);
  }

  private key(app: string, keyHash: string): string {
    return this.store.keys.idempotency(this.store.laneOf(app + keyHash), app, keyHash);
  }
}
