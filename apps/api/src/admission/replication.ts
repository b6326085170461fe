import {
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  Optional,
} from '@nestjs/common';
import { CarillonError } from '@carillon/domain';
import { Store } from '@carillon/persistence';
import { ProcessContext } from '@carillon/process';
import { createRedis, type RedisClient } from '@carillon/redis';
import type { Redis } from 'ioredis';

/** Replicas that have not said within so long, ms, that they have something do not have it. */
const LIMIT_MS = 2_000;
const LIFE_MS = 60_000;

/**
 * Tells when replicas have what was written before, so that it outlives a fail-over. WAIT stops the connection that it is
 * sent on: it has one of its own, and all who ask while one is under way share the next.
 */
@Injectable()
export class Replication implements OnApplicationBootstrap, OnApplicationShutdown {
  private client: RedisClient | undefined;
  private readonly wanted: number;
  private running: Promise<void> = Promise.resolve();
  private next: Promise<void> | undefined;

  constructor(
    private readonly store: Store,
    @Optional() private readonly context?: ProcessContext,
  ) {
    this.wanted = context?.config.redisReplicas ?? 0;
  }

  onApplicationBootstrap(): void {
    if (!this.context || this.wanted === 0) return;
    this.client = createRedis({ urls: this.context.redisUrls, onError: this.context.redisError });
  }

  onApplicationShutdown(): void {
    this.client?.disconnect();
  }

  /**
   * Fulfilled when as many replicas as wanted have all that was written before; at once where none is wanted.
   * @throws CarillonError `unavailable`: it stands, but might be lost with its Redis
   */
  confirmed(): Promise<void> {
    if (!this.client) return Promise.resolve();
    // The one under way may have begun before the write.
    this.next ??= this.running.catch(() => undefined).then(() => this.begin());
    return this.next;
  }

  private begin(): Promise<void> {
    this.next = undefined;
    this.running = this.confirm();
    return this.running;
  }

  private async confirm(): Promise<void> {
    // WAIT speaks of what its own connection has written last: this comes after whatever the others have.
    const mark = this.store.keys.lease('replication');
    const client = this.client as Redis;
    const written = client.set(mark, '1', 'PX', LIFE_MS);
    const [, replicas] = await Promise.all([written, client.wait(this.wanted, LIMIT_MS)]);
    if (replicas < this.wanted) throw behind(replicas, this.wanted);
  }
}

const behind = (replicas: number, wanted: number): CarillonError =>
  new CarillonError(
    'unavailable',
    `${replicas} of ${wanted} replicas have it: repeat it with its Idempotency-Key to be sure`,
    { retryAfterSeconds: 1 },
  );
