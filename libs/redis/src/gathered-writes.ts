import { Cluster } from 'ioredis';
import type { Writable } from 'node:stream';
import type { RedisClient } from './redis-client.js';

/**
 * The commands of one turn of the event loop go to Redis in one write. A write of its own for each was a quarter of what a push cost this side, and
 * had Redis read and answer as often.
 */
export function gatherWrites(client: RedisClient): void {
  if (client instanceof Cluster) {
    client.on('+node', gatherWrites);
    return;
  }
  client.on('connect', () => gatherWritesOf(client.stream));
}

/** @param stream its writes are held back until the turn is over, in their order */
export function gatherWritesOf(stream: Writable): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  let corked = false;
  const uncork = (): void => {
    corked = false;
    stream.uncork();
  };
  stream.write = (...args: unknown[]): boolean => {
    if (!corked) {
      corked = true;
      stream.cork();
      setImmediate(uncork);
    }
    return write(...args);
  };
}
