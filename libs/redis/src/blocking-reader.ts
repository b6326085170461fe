import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisClient } from './redis-client.js';

const STOP_PATIENCE_MS = 1_000;

/** A connection that blocks in XREAD or XREADGROUP and is used for nothing else, and the loop that reads from it. */
export class BlockingReader {
  private readonly loop: Promise<void>;

  /** @param read reads until it is told to end; its own errors are its own business */
  constructor(
    private readonly connection: RedisClient,
    read: (connection: RedisClient) => Promise<void>,
  ) {
    this.loop = read(connection);
  }

  /** For a loop that was told to end: what it waits for in vain is cut short. */
  async stop(): Promise<void> {
    this.connection.disconnect();
    // ioredis never settles what was asked of a client that is disconnected while it waits to connect again.
    await Promise.race([this.loop, sleep(STOP_PATIENCE_MS, undefined, { ref: false })]);
  }
}
