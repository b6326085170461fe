import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testRedisUrl } from '@carillon/testing';
import { CuttableLine } from '../support/cuttable-line.js';
import { failedStart } from '../support/failed-start.js';
import { fakeRedis } from '../support/fake-redis.js';
import { type AppName, Installation } from '../support/gateway.js';
import { freePort, listening } from '../support/ports.js';
import { RedisServer } from '../support/redis-server.js';

/** What keeps a process from starting is said in one line that tells what to do, with exit code 1. */
const installation = new Installation();
const directory = mkdtempSync(join(tmpdir(), 'carillon-startup-'));
const servers: Server[] = [];
const redisServers: RedisServer[] = [];

afterAll(async () => {
  for (const server of servers) server.close();
  await Promise.all(redisServers.map((redis) => redis.end()));
  await installation.end();
  rmSync(directory, { recursive: true, force: true });
});

/** The one line of a start that ends in time. */
async function refusal(app: AppName, env: Record<string, string>): Promise<string> {
  const { code, stderr, tookMs } = await failedStart(app, { ...installation.environment(), ...env });
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^carillon: [^\n]+: [^\n]+\n$/),
  });
  expect(tookMs).toBeLessThan(20_000);
  return stderr;
}

async function occupied(server?: Server): Promise<number> {
  const taken = await listening(server);
  servers.push(taken.server);
  return taken.port;
}

it('a busy port: which one, and the variable that names it', async () => {
  const cases = [
    ['api', 'CARILLON_HTTP_PORT'],
    ['edge', 'CARILLON_MQTT_PORT'],
    ['edge', 'CARILLON_MQTTS_PORT'],
    ['edge', 'CARILLON_XMPP_PORT'],
    ['edge', 'CARILLON_XMPPS_PORT'],
    ['worker', 'CARILLON_METRICS_PORT'],
  ] as const;
  await Promise.all(
    cases.map(async ([app, variable]) => {
      const port = await occupied();
      const line = await refusal(app, { [variable]: String(port) });
      expect(line).toContain(`port ${port} of 127.0.0.1 is in use`);
      expect(line).toContain(`${variable} to another port`);
    }),
  );
});

it('an address that is not this machine’s', async () => {
  expect(await refusal('edge', { CARILLON_HOST: '192.0.2.1' })).toMatch(/192\.0\.2\.1.*CARILLON_HOST/);
});

describe('a Redis that does not suit', () => {
  it('away, unknown or silent', async () => {
    const away = `redis://127.0.0.1:${await freePort()}`;
    const byName = away.replace('127.0.0.1', 'localhost');
    const deaf = await occupied(createServer((socket) => socket.on('error', () => undefined)));
    const cases: [AppName, string, RegExp][] = [
      ['api', away, /ECONNREFUSED/],
      ['worker', byName, /ECONNREFUSED/],
      ['all-in-one', away, /ECONNREFUSED/],
      ['edge', 'redis://redis.invalid:6379', /ENOTFOUND|EAI_AGAIN/],
      ['edge', `redis://127.0.0.1:${deaf}`, /no answer within 5 s/],
    ];
    await Promise.all(
      cases.map(async ([app, url, why]) => {
        const line = await refusal(app, { REDIS_URL: url });
        expect(line).toContain(`${url} cannot be used`);
        expect(line).toMatch(why);
        expect(line).toMatch(/start that Redis or set REDIS_URL to another/);
      }),
    );
  });

  it('no Redis at all behind the port', async () => {
    const port = await occupied(
      createServer((socket) => {
        socket.on('error', () => undefined);
        socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
      }),
    );
    const line = await refusal('api', { REDIS_URL: `redis://127.0.0.1:${port}` });
    expect(line).toMatch(/REDIS_URL/);
  });

  it('one that evicts', async () => {
    const redis = await RedisServer.start(['redis-server', '--maxmemory-policy', 'allkeys-lru']);
    redisServers.push(redis);
    const line = await refusal('api', { REDIS_URL: redis.url });
    expect(line).toContain('allkeys-lru');
    expect(line).toContain('set "maxmemory-policy noeviction"');
  });

  it('one that wants a password, which stays secret', async () => {
    const redis = await RedisServer.start(['redis-server', '--requirepass', 'right'], 'right');
    redisServers.push(redis);
    const [without, wrong] = await Promise.all([
      refusal('api', { REDIS_URL: redis.url }),
      refusal('worker', { REDIS_URL: `redis://:guessed-it@127.0.0.1:${redis.port}` }),
    ]);
    expect(without).toMatch(/NOAUTH.*REDIS_URL/);
    expect(wrong).toMatch(/(WRONGPASS|NOAUTH).*REDIS_URL/);
    expect(wrong).not.toContain('guessed-it');
  });

  it('one that is too old, a node of a cluster, a replica', async () => {
    const cases: [Record<string, string>, RegExp][] = [
      [{ redis_version: '5.0.14' }, /Redis 5\.0\.14, and Carillon needs 6\.2 or newer.*upgrade/],
      [{ cluster_enabled: '1' }, /node of a cluster.*two or more/],
      [{ role: 'slave', master_host: 'm', master_port: '1' }, /replica.*master, m:1/],
    ];
    await Promise.all(
      cases.map(async ([info, wanted]) => {
        const facts = { redis_version: '7.0.0', cluster_enabled: '0', role: 'master', ...info };
        const port = await occupied(fakeRedis(facts));
        expect(await refusal('worker', { REDIS_URL: `redis://127.0.0.1:${port}` })).toMatch(wanted);
      }),
    );
  });

  it('one that goes away in the middle of the start', async () => {
    const cases: [AppName, string][] = [
      // What an edge reads with a connection of its own, before its transports begin.
      ['edge', 'xread'],
      ['edge', 'hscan'],
      ['worker', 'xgroup'],
      ['api', 'hsetnx'],
    ];
    await Promise.all(
      cases.map(async ([app, last]) => {
        const line = await CuttableLine.to(testRedisUrl(), last);
        const told = await refusal(app, { REDIS_URL: `redis://127.0.0.1:${line.port}` });
        expect(told).toMatch(/Redis went away during the start .*: start it again when that Redis answers/);
      }),
    );
  });

  it('none named, for processes that run apart', async () => {
    expect(await refusal('edge', { REDIS_URL: '' })).toMatch(/REDIS_URL is not set.*redis:\/\/host:6379/);
  });

  it('one that was installed with another number of partitions', async () => {
    const worker = await installation.start('worker');
    const [partitions, lanes] = await Promise.all([
      refusal('edge', { CARILLON_PARTITIONS: '16' }),
      refusal('api', { CARILLON_LANES: '2' }),
    ]);
    expect(partitions).toMatch(/CARILLON_PARTITIONS=8, not 16.*set CARILLON_PARTITIONS=8/);
    expect(lanes).toMatch(/set CARILLON_LANES=1/);
    expect(await worker.end()).toBe(true);
  });
});

describe('a data directory that does not suit', () => {
  it('below a regular file', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    const line = await refusal('all-in-one', { CARILLON_DATA_DIR: join(file, 'data') });
    expect(line).toContain(join(file, 'data'));
    expect(line).toMatch(/ENOTDIR.*CARILLON_DATA_DIR/);
  });

  it('where the system makes none', async () => {
    expect(await refusal('edge', { CARILLON_DATA_DIR: '/proc/carillon' })).toMatch(/CARILLON_DATA_DIR/);
  });

  it('in use by another all-in-one', async () => {
    const other = new Installation();
    const running = await other.start('all-in-one');
    const line = await refusal('all-in-one', { CARILLON_DATA_DIR: other.dataDir });
    expect(line).toContain(`in use by process ${running.pid}`);
    await other.end();
  });

  it('with half a certificate', async () => {
    const data = join(directory, 'half');
    mkdirSync(join(data, 'certificates', 'localhost'), { recursive: true });
    writeFileSync(join(data, 'certificates', 'localhost', 'key.pem'), 'not a key');
    expect(await refusal('edge', { CARILLON_DATA_DIR: data })).toMatch(/certificate\.pem.*key\.pem/);
  });
});

it('a configuration with faults: all of them at once, secrets hidden', async () => {
  const { code, stderr } = await failedStart('api', {
    ...installation.environment(),
    REDIS_URL: 'http://:sesame@host',
    CARILLON_HTTP_PORT: '99999',
    CARILLON_XMPP_TLS: 'perhaps',
    CARILLON_ADMIN_KEY: 'short',
    CARILLON_MQT_PORT: '1883',
  });
  expect(code).toBe(1);
  const [head, ...faults] = stderr.trimEnd().split('\n');
  expect(head).toMatch(/^carillon: the configuration cannot be used: correct these variables$/);
  expect(faults.map((line) => line.trim())).toEqual([
    expect.stringMatching(/^REDIS_URL=\(hidden\): must be redis:/),
    expect.stringMatching(/^CARILLON_HTTP_PORT="99999": must be a port/),
    expect.stringMatching(/^CARILLON_XMPP_TLS="perhaps": must be `required`, `optional` or `off`/),
    expect.stringMatching(/^CARILLON_ADMIN_KEY=\(hidden\): /),
    expect.stringMatching(/^CARILLON_MQT_PORT="1883": no such variable; did you mean CARILLON_MQTT_PORT\?/),
  ]);
  expect(stderr).not.toMatch(/sesame|short/);
});

it('leaves nothing behind when it fails late: the private Redis ends with it', async () => {
  const data = join(directory, 'late');
  const port = await occupied();
  const { REDIS_URL: _, ...env } = installation.environment();
  const { code, stderr } = await failedStart('all-in-one', {
    ...env,
    CARILLON_DATA_DIR: data,
    CARILLON_XMPPS_PORT: String(port),
  });
  expect(code).toBe(1);
  expect(stderr).toContain(`port ${port}`);
  const pidFile = join(data, 'redis', 'redis.pid');
  const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : 0;
  expect(pid > 0 && existsSync(`/proc/${pid}`)).toBe(false);
});
