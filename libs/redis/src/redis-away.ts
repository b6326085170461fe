/** What ioredis says while Redis is away, starting, failing over, out of memory or too slow; before Redis 7 scripts wrap it. */
const REDIS_AWAY =
  /^(?:ERR Error running script .*: -)?(?:Connection is closed|Command timed out|Reached the max retries per request|Stream isn't writeable|Failed to refresh slots cache|Cluster isn't ready|None of startup nodes|All sentinels are unreachable|LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|OOM|BUSY|MISCONF)\b/;
const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENOTFOUND',
]);

/** Whether a command failed because of the state that Redis is in, not because of what was asked: later it may succeed. */
export function isRedisAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  if (error.name === 'MaxRetriesPerRequestError' || error.name === 'ClusterAllFailedError') return true;
  if (typeof code === 'string' && NETWORK_CODES.has(code)) return true;
  return REDIS_AWAY.test(error.message);
}
