import type { Store } from '../store.js';

/** An edge that has not been heard of for so long counts as dead, ms. */
export const EDGE_TIMEOUT = 10_000;
const CACHE_MS = 500;

/** Which edges live. */
export class EdgeRegistry {
  private cached: { at: number; live: ReadonlySet<string> } | undefined;

  constructor(private readonly store: Store) {}

  async heartbeat(edgeId: string, now: number): Promise<void> {
    await this.store.client.zadd(this.store.keys.edges(), now, edgeId);
  }

  async leave(edgeId: string): Promise<void> {
    const { client, keys } = this.store;
    await Promise.all([client.zrem(keys.edges(), edgeId), client.del(keys.dispatch(edgeId))]);
  }

  /** The live edges; known for half a second without asking. */
  async live(now: number): Promise<ReadonlySet<string>> {
    if (this.cached && now - this.cached.at < CACHE_MS) return this.cached.live;
    const live = new Set(
      await this.store.client.zrangebyscore(this.store.keys.edges(), now - EDGE_TIMEOUT, '+inf'),
    );
    this.cached = { at: now, live };
    return live;
  }

  /** Every edge that has not left, one that began just now and a silent one too: for what none of them may miss. */
  all(): Promise<string[]> {
    return this.store.client.zrangebyscore(this.store.keys.edges(), '-inf', '+inf');
  }

  /** Whether an edge that was silent still is. */
  async isDead(edgeId: string, now: number): Promise<boolean> {
    const heard = await this.store.client.zscore(this.store.keys.edges(), edgeId);
    return heard === null || Number(heard) < now - 2 * EDGE_TIMEOUT;
  }

  dead(now: number): Promise<string[]> {
    return this.store.client.zrangebyscore(this.store.keys.edges(), '-inf', now - 2 * EDGE_TIMEOUT);
  }
}
