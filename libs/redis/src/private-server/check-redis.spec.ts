import { checkRedis } from './check-redis.js';

const SOUND = {
  redis_version: '7.0.15',
  maxmemory_policy: 'noeviction',
  aof_enabled: '1',
  role: 'master',
  cluster_enabled: '0',
};

const info = (fields: Record<string, string>) =>
  Object.entries({ ...SOUND, ...fields })
    .map(([name, value]) => `# Section\r\n${name}:${value}\r\n`)
    .join('');

const check = (fields: Record<string, string>, cluster = false) =>
  checkRedis(info(fields), { where: 'redis://r:6379', cluster });

describe('checkRedis', () => {
  it('accepts a sound one', () => {
    expect(check({})).toEqual({ version: '7.0.15', cluster: false, warnings: [] });
  });

  it.each(['6.2.0', '6.10.1', '7.4.2', '10.0.0'])('accepts version %s', (version) => {
    expect(check({ redis_version: version }).version).toBe(version);
  });

  it.each(['5.0.7', '6.0.16', '4.9'])('refuses version %s', (version) => {
    expect(() => check({ redis_version: version })).toThrow(
      `redis://r:6379 is Redis ${version}, and Carillon needs 6.2 or newer: upgrade it or set REDIS_URL to another`,
    );
  });

  it('refuses one that does not tell its version', () => {
    expect(() => checkRedis('', { where: 'redis://r', cluster: false })).toThrow(
      /allow its user the INFO command/,
    );
  });

  it.each(['allkeys-lru', 'volatile-ttl'])('refuses maxmemory-policy %s', (policy) => {
    expect(() => check({ maxmemory_policy: policy })).toThrow(
      `redis://r:6379 may evict keys (maxmemory-policy ${policy}), and with them accepted notifications: set "maxmemory-policy noeviction" there`,
    );
  });

  it('refuses one node of a cluster alone', () => {
    expect(() => check({ cluster_enabled: '1' })).toThrow(
      /is a node of a cluster: name two or more of its nodes/,
    );
  });

  it('refuses one that is in no cluster among several', () => {
    expect(() => check({}, true)).toThrow(/is not a node of a cluster: name one Redis in REDIS_URL/);
  });

  it('refuses a replica, naming its master', () => {
    expect(() => check({ role: 'slave', master_host: '10.0.0.1', master_port: '6380' })).toThrow(
      'redis://r:6379 is a read-only replica: set REDIS_URL to its master, 10.0.0.1:6380',
    );
  });

  it('accepts a replica in a cluster', () => {
    expect(check({ role: 'slave', cluster_enabled: '1' }, true)).toMatchObject({ cluster: true });
  });

  it('warns of one that keeps nothing on disk', () => {
    expect(check({ aof_enabled: '0' }).warnings).toEqual([expect.stringContaining('appendonly no')]);
  });
});
