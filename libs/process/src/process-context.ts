import { randomBytes } from 'node:crypto';
import type { Config, DataDirectory } from '@carillon/config';
import type { Logger } from '@carillon/observability';
import { createRedis, type RedisClient } from '@carillon/redis';
import type { TlsMaterial } from './listening/tls/tls-material.js';

export type ProcessName = 'all-in-one' | 'api' | 'worker' | 'edge';

/** A socket that the process listens on, for the start-up lines. */
export interface Listener {
  readonly name: string;
  readonly url: string;
}

/** What every module of a process may need to know of it. */
export class ProcessContext {
  /** Names this process among others: a consumer of the streams, an edge. New at every start. */
  readonly id: string;
  readonly listeners: Listener[] = [];
  /** Set once the process is to end; readiness answers 503 from then on. */
  stopping = false;

  constructor(
    readonly name: ProcessName,
    readonly config: Config,
    readonly logger: Logger,
    readonly redisUrls: readonly string[],
    readonly directory: DataDirectory,
    /** Shared by all processes of the installation, 32 bytes. */
    readonly secret: Buffer,
    readonly tls: TlsMaterial,
  ) {
    this.id = `${name}-${process.pid}-${randomBytes(4).toString('hex')}`;
  }

  /** A connection for reads that block, used for nothing else. */
  connectBlocking = (): RedisClient =>
    createRedis({ urls: this.redisUrls, blocking: true, onError: this.redisError });

  readonly redisError = (error: Error): void => {
    this.logger.warn({ error: error.message }, 'a Redis connection failed and is tried again');
  };
}
