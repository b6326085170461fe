import { Cluster, Redis, type RedisOptions as ConnectionOptions } from 'ioredis';
import { gatherWrites } from './gathered-writes.js';
import { sentinelAddress, topologyOf } from './redis-address.js';
import { defineScripts } from './redis-scripts.js';

/** One Redis, that of some sentinels, or a cluster: the schema allows them all. */
export type RedisClient = Redis | Cluster;

export interface RedisOptions {
  /** As `topologyOf` reads them. */
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
  const client = connect(options);
  client.on('error', options.onError ?? (() => undefined));
  gatherWrites(client);
  defineScripts(client);
  return client;
}

function connect(options: RedisOptions): RedisClient {
  const { urls } = options;
  const shared = connectionOptions(options);
  const topology = topologyOf(urls);
  if (topology === 'cluster')
    return new Cluster([...urls], { clusterRetryStrategy: backOff, redisOptions: shared });
  const single = { ...shared, retryStrategy: backOff, reconnectOnError: isDemoted };
  if (topology === 'single') return new Redis(urls[0]!, single);
  const { sentinels, ...address } = sentinelAddress(urls);
  return new Redis({
    ...single,
    ...address,
    sentinels: [...sentinels],
    role: 'master',
    sentinelRetryStrategy: backOff,
    // A master that stands still keeps its connections: the sentinels tell when another has taken its place.
    failoverDetector: true,
  });
}

const connectionOptions = ({ blocking }: RedisOptions): ConnectionOptions => ({
  maxRetriesPerRequest: blocking ? null : MAX_RETRIES,
  enableOfflineQueue: true,
  connectTimeout: 5_000,
  socketTimeout: SOCKET_TIMEOUT,
  ...(blocking ? {} : { commandTimeout: COMMAND_TIMEOUT }),
});

/** It was the master when the connection was made: whoever is it now is found by connecting anew. */
const isDemoted = ({ message }: Error): boolean => message.includes('READONLY You');

const backOff = (attempt: number): number => Math.min(1_000, 25 * 2 ** Math.min(attempt, 6));

export const isCluster = (client: RedisClient): client is Cluster => client instanceof Cluster;
