import { BaseRpcContext, type Transport } from '@nestjs/microservices';
import type { StreamEntry } from './stream-entry.js';

export const REDIS_STREAMS = Symbol('redis-streams') as unknown as Transport;

/** Where the event came from. */
export class RedisStreamsContext extends BaseRpcContext<[StreamEntry]> {
  constructor(entry: StreamEntry) {
    super([entry]);
  }

  get entry(): StreamEntry {
    return this.getArgByIndex(0);
  }
}
