import type { ClusterContext } from './cluster-context.js';
import { RedisPublicationLog } from './redis-publication-log.js';
import { RedisSessionStore } from './redis-session-store.js';

export type { ClusterContext };

/** What brokers share through one Redis. */
export interface ClusterStores {
  readonly sessions: RedisSessionStore;
  readonly log: RedisPublicationLog;
}

export function clusterStores(context: ClusterContext): ClusterStores {
  const log = new RedisPublicationLog(context);
  return { log, sessions: new RedisSessionStore(context, log) };
}
