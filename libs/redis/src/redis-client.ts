import { Cluster, Redis } from 'ioredis';
import { defineScripts } from './redis-scripts.js';

/** One Redis, or a cluster: the schema allows both. */
export type RedisClient = Redis | Cluster;

export interface RedisOptions {
  /** `redis://` or `rediss://` URLs; more than one is a cluster's. */
  readonly urls: readonly string[];
  /** Connections that block in XREAD / XREADGROUP are used for nothing else. */
  readonly blocking?: boolean;
  readonly onError?: (error: Error) => void;
}

/** How long a command may take before it counts as failed, ms; blocking reads are exempt. */
const COMMAND_TIMEOUT = 10_000;

/** A socket from which nothing comes for so long although something was asked is dead, ms; far above any BLOCK. */
const SOCKET_TIMEOUT = 15_000;

/**
 * While Redis is away a command fails after so many attempts to connect, about 150 ms: whoever asked is told at once, and
 * nothing that was refused is done behind his back later.
 */
const MAX_RETRIES = 2;

/** Connects lazily in the background and reconnects for ever. */
export function createRedis(options: RedisOptions): RedisClient {
  const client = options.urls.length > 1 ? createCluster(options) : createSingle(options);
  client.on('error', options.onError ?? (() => undefined));
  defineScripts(client);
  return client;
}

function createSingle(options: RedisOptions): Redis {
  return new Redis(options.urls[0]!, {
    maxRetriesPerRequest: options.blocking ? null : MAX_RETRIES,
    enableOfflineQueue: true,
    connectTimeout: 5_000,
    socketTimeout: SOCKET_TIMEOUT,
    ...(options.blocking ? {} : { commandTimeout: COMMAND_TIMEOUT }),
    retryStrategy: backOff,
  });
}

function createCluster(options: RedisOptions): Cluster {
  return new Cluster([...options.urls], {
    clusterRetryStrategy: backOff,
    redisOptions: {
      maxRetriesPerRequest: options.blocking ? null : MAX_RETRIES,
      connectTimeout: 5_000,
      socketTimeout: SOCKET_TIMEOUT,
      ...(options.blocking ? {} : { commandTimeout: COMMAND_TIMEOUT }),
    },
  });
}

const backOff = (attempt: number): number => Math.min(1_000, 25 * 2 ** Math.min(attempt, 6));

export const isCluster = (client: RedisClient): client is Cluster => client instanceof Cluster;
