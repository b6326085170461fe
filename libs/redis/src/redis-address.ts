/** How the addresses of an installation's Redis are meant. */
export type RedisTopology = 'single' | 'sentinel' | 'cluster';

/** `redis-sentinel://[[user]:password@]host[:port]/master[/database]`; user and password are those of the Redis. */
const SENTINEL = 'redis-sentinel:';
const SENTINEL_PORT = 26_379;

export interface SentinelAddress {
  readonly sentinels: readonly { readonly host: string; readonly port: number }[];
  /** By which the sentinels know the master. */
  readonly name: string;
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
}

/** Several `redis:` or `rediss:` addresses are nodes of a cluster; `redis-sentinel:` ones are sentinels of one master. */
export function topologyOf(urls: readonly string[]): RedisTopology {
  if (urls[0]!.startsWith(SENTINEL)) return 'sentinel';
  return urls.length > 1 ? 'cluster' : 'single';
}

/** @param urls of sentinels that watch the same master */
export function sentinelAddress(urls: readonly string[]): SentinelAddress {
  const parsed = urls.map((url) => new URL(url));
  const { username, password, pathname } = parsed[0]!;
  const [, name = '', db = '0'] = pathname.split('/');
  return {
    sentinels: parsed.map(({ hostname, port }) => ({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port) || SENTINEL_PORT,
    })),
    name: decodeURIComponent(name),
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    db: Number(db),
  };
}
