import { PacketType } from '../codec/packets.js';
import type { Engine } from '../engine.js';
import { WheelEntry } from '../timers/timer-wheel.js';
import { TokenBucket } from './token-bucket.js';

/** What is slowed down. */
export interface Throttled {
  readonly engine: Engine;
  /** Reading may go on. */
  proceed(): void;
}

/** None where no rate is limited: such a connection pays nothing for it. */
export function rateLimitOf(connection: Throttled): RateLimit | undefined {
  const { maxBytesPerSecond, maxMessagesPerSecond } = connection.engine.limits;
  return maxBytesPerSecond > 0 || maxMessagesPerSecond > 0 ? new RateLimit(connection) : undefined;
}

/**
 * How fast one client may send. One that is faster is not read for a while, and is slowed down by its own network stack: nothing is
 * dropped, and nobody is disconnected for it. A second's worth may come at once.
 */
export class RateLimit extends WheelEntry {
  throttled = false;
  private readonly bytes: TokenBucket | undefined;
  private readonly messages: TokenBucket | undefined;

  constructor(private readonly connection: Throttled) {
    super();
    const { limits, now } = connection.engine;
    if (limits.maxBytesPerSecond > 0) this.bytes = new TokenBucket(limits.maxBytesPerSecond, now());
    if (limits.maxMessagesPerSecond > 0) this.messages = new TokenBucket(limits.maxMessagesPerSecond, now());
  }

  readBytes(count: number): void {
    if (this.bytes) this.spend(this.bytes, count);
  }

  /** Acknowledgements do not count: they come as often as we send. */
  readPacket(firstByte: number): void {
    const type = firstByte >> 4;
    if (this.messages && (type < PacketType.PUBACK || type > PacketType.PUBCOMP))
      this.spend(this.messages, 1);
  }

  /** The connection ends. */
  end(): void {
    this.connection.engine.wheel.cancel(this);
    if (this.throttled) this.connection.engine.traffic.throttledConnections--;
    this.throttled = false;
  }

  override expire(now: number): void {
    const wait = Math.max(this.bytes?.wait(now) ?? 0, this.messages?.wait(now) ?? 0);
    if (wait > 0) {
      this.connection.engine.wheel.schedule(this, wait);
      return;
    }
    this.end();
    this.connection.proceed();
  }

  private spend(bucket: TokenBucket, count: number): void {
    const { now, wheel, traffic } = this.connection.engine;
    const wait = bucket.spend(count, now());
    if (wait === 0 || this.throttled) return;
    this.throttled = true;
    traffic.throttledConnections++;
    traffic.throttles++;
    wheel.schedule(this, wait);
  }
}
