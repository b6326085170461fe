import { Redis } from 'ioredis';
import type { RedisAccess } from './redis-home.js';

const PING_LIMIT_MS = 2_000;
const SHUTDOWN_LIMIT_MS = 30_000;

/** `loading`: it reads its append-only file and will answer later. */
export type RedisState = 'ready' | 'loading' | 'silent';

export async function probeRedis(access: RedisAccess): Promise<RedisState> {
  try {
    await withRedis(access, PING_LIMIT_MS, (redis) => redis.ping());
    return 'ready';
  } catch (error) {
    return (error as Error).message.startsWith('LOADING') ? 'loading' : 'silent';
  }
}

/** Saves and ends it. Resolves as soon as it has closed the connection, which is shortly before its process ends. */
export async function shutDownRedis(access: RedisAccess): Promise<void> {
  await withRedis(access, SHUTDOWN_LIMIT_MS, (redis) => redis.shutdown()).catch((error: unknown) => {
    if ((error as Error).message !== 'Connection is closed.') throw error;
  });
}

async function withRedis(
  access: RedisAccess,
  commandTimeout: number,
  use: (redis: Redis) => Promise<unknown>,
): Promise<void> {
  const redis = new Redis({
    host: '127.0.0.1',
    ...access,
    lazyConnect: true,
    connectTimeout: PING_LIMIT_MS,
    commandTimeout,
    enableReadyCheck: false,
    retryStrategy: () => null,
  });
  redis.on('error', () => {});
  try {
    await redis.connect();
    await use(redis);
  } finally {
    // Disconnecting what has ended leaves a timer behind.
    if (redis.status !== 'end') redis.disconnect();
  }
}
