import type { RedisClient, RedisKeys } from '@carillon/redis';

/** What the brokers' shared state needs of its surroundings. */
export interface ClusterContext {
  /** Names this broker among the others, new at every start. */
  readonly brokerId: string;
  readonly client: RedisClient;
  readonly keys: RedisKeys;
  /** A connection for reads that block, used for nothing else. */
  readonly connect: () => RedisClient;
  /** Brokers that have been heard of lately. */
  readonly liveBrokers: () => Promise<ReadonlySet<string>>;
  /** Runs what nobody waits for; a failure is logged. */
  readonly supervise: (what: string, work: Promise<unknown>) => void;
  readonly logger: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
}
