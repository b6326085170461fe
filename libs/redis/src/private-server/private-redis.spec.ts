import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { checkRedis } from './check-redis.js';
import { PrivateRedis } from './private-redis.js';

describe('PrivateRedis', () => {
  let dataDir: string;
  let lines: string[];
  let started: PrivateRedis[];

  beforeEach(() => {
    // A blank, for the paths in the configuration file.
    dataDir = mkdtempSync(join(tmpdir(), 'carillon private-'));
    lines = [];
    started = [];
  });

  afterEach(async () => {
    for (const redis of started) await redis.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const privateRedis = () => {
    const redis = new PrivateRedis({ dataDir, log: (line) => lines.push(line) });
    started.push(redis);
    return redis;
  };
  const pid = () => Number(readFileSync(join(dataDir, 'redis', 'redis.pid'), 'utf8'));

  async function ask<T>(url: string, question: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(url);
    redis.on('error', () => {});
    try {
      return await question(redis);
    } finally {
      redis.disconnect();
    }
  }

  it('starts one that Carillon accepts, behind a password, on loopback', async () => {
    const { url, adopted, installed } = await privateRedis().start();
    expect({ adopted, installed }).toEqual({ adopted: false, installed: false });
    const info = await ask(url, (redis) => redis.info());
    expect(checkRedis(info, { where: url, cluster: false }).warnings).toEqual([]);
    expect(await ask(url, (redis) => redis.config('GET', 'bind'))).toEqual(['bind', '127.0.0.1']);
    const open = url.replace(/\/\/.*@/, '//');
    await expect(ask(open, (redis) => redis.ping())).rejects.toThrow(/NOAUTH/);
    expect(statSync(join(dataDir, 'redis', 'redis.conf')).mode & 0o777).toBe(0o600);
  });

  it('stops it with everything on disk, and finds it there at the next start', async () => {
    const first = privateRedis();
    const { url } = await first.start();
    await ask(url, (redis) => redis.set('kept', 'yes'));
    const process_ = pid();
    await first.stop();
    await delay(50); // Node reaps it
    expect(() => process.kill(process_, 0)).toThrow(/ESRCH/);
    const again = await privateRedis().start();
    expect(again.adopted).toBe(false);
    expect(await ask(again.url, (redis) => redis.get('kept'))).toBe('yes');
  });

  it('adopts the one that a killed predecessor left', async () => {
    const { url } = await privateRedis().start();
    const successor = privateRedis();
    expect(await successor.start()).toEqual({ url, adopted: true, installed: false });
    expect(lines).toEqual([`taking over the private Redis that is running already (process ${pid()})`]);
    await successor.stop();
  });

  it('starts a new one beside a foreign process that has got the number of the old', async () => {
    const first = privateRedis();
    await first.start();
    await first.stop();
    const foreign = spawn('sleep', ['60']);
    appendFileSync(join(dataDir, 'redis', 'redis.pid'), `${foreign.pid}\n`);
    expect((await privateRedis().start()).adopted).toBe(false);
    foreign.kill();
    await once(foreign, 'exit');
  });

  it('starts it again at the same address when it is killed', async () => {
    const { url } = await privateRedis().start();
    await ask(url, (redis) => redis.set('kept', 'yes'));
    await delay(1_100); // appendfsync everysec
    process.kill(pid(), 'SIGKILL');
    expect(await ask(url, (redis) => redis.get('kept'))).toBe('yes');
    expect(lines).toContain('the private Redis has ended unexpectedly: starting it again');
  });

  it('says in one line why it does not start', async () => {
    const first = privateRedis();
    await first.start();
    await first.stop();
    rmSync(join(dataDir, 'redis', 'appendonlydir'), { recursive: true, force: true });
    appendFileSync(join(dataDir, 'redis', 'appendonlydir'), 'a file in the place of a directory');
    await expect(privateRedis().start()).rejects.toThrow(
      /^the private Redis does not start \(.+\): see .+redis\.log, or set REDIS_URL/,
    );
  });
});
