import { RedisUnavailableError } from './redis-unavailable-error.js';
import { isSupported, SUPPORTED } from './redis-version.js';

export interface RedisExpectation {
  /** How messages name it, without its password: `redis://host:6379`. */
  readonly where: string;
  /** It was named as a node of a cluster: with others, separated by commas. */
  readonly cluster: boolean;
}

export interface RedisFacts {
  readonly version: string;
  readonly cluster: boolean;
  /** What an operator should know although it is no reason to refuse; one line each. */
  readonly warnings: readonly string[];
}

/** Judges a Redis by its answer to INFO (all default sections). Throws RedisUnavailableError at the first reason to refuse it. */
export function checkRedis(info: string, expected: RedisExpectation): RedisFacts {
  const fields = fieldsOf(info);
  for (const refuse of [refuseVersion, refuseEviction, refuseTopology, refuseReplica])
    refuse(fields, expected);
  return {
    version: fields.get('redis_version')!,
    cluster: fields.get('cluster_enabled') === '1',
    warnings: persistenceWarnings(fields, expected),
  };
}

type Fields = ReadonlyMap<string, string>;

function fieldsOf(info: string): Fields {
  const lines = info.split(/\r?\n/).filter((line) => line.includes(':') && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}

function refuseVersion(fields: Fields, { where }: RedisExpectation): void {
  const version = fields.get('redis_version');
  if (version === undefined) {
    throw new RedisUnavailableError(`${where} does not tell its version`, 'allow its user the INFO command');
  }
  if (isSupported(version)) return;
  throw new RedisUnavailableError(
    `${where} is Redis ${version}, and Carillon needs ${SUPPORTED} or newer`,
    'upgrade it or set REDIS_URL to another',
  );
}

function refuseEviction(fields: Fields, { where }: RedisExpectation): void {
  const policy = fields.get('maxmemory_policy');
  if (policy === undefined || policy === 'noeviction') return;
  throw new RedisUnavailableError(
    `${where} may evict keys (maxmemory-policy ${policy}), and with them accepted notifications`,
    'set "maxmemory-policy noeviction" there or set REDIS_URL to another',
  );
}

function refuseTopology(fields: Fields, { where, cluster }: RedisExpectation): void {
  const isCluster = fields.get('cluster_enabled') === '1';
  if (isCluster === cluster) return;
  throw isCluster
    ? new RedisUnavailableError(
        `${where} is a node of a cluster`,
        'name two or more of its nodes in REDIS_URL, separated by commas',
      )
    : new RedisUnavailableError(
        `${where} is not a node of a cluster`,
        'name one Redis in REDIS_URL, or nodes of one cluster',
      );
}

/** A cluster leads writes to the right node by itself. */
function refuseReplica(fields: Fields, { where, cluster }: RedisExpectation): void {
  if (cluster || fields.get('role') !== 'slave') return;
  const master = `${fields.get('master_host')}:${fields.get('master_port')}`;
  throw new RedisUnavailableError(
    `${where} is a read-only replica`,
    `set REDIS_URL to its master, ${master}`,
  );
}

function persistenceWarnings(fields: Fields, { where }: RedisExpectation): string[] {
  if (fields.get('aof_enabled') !== '0') return [];
  return [
    `${where} has "appendonly no": what was accepted since its last snapshot is lost when it stops; set "appendonly yes" there`,
  ];
}
