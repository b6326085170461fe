import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Redis } from 'ioredis';
import type { System } from '../chaos/system.js';
import type { Sample } from './trend.js';

const run = promisify(execFile);

/** What a soak measures, by name. */
export type Series = ReadonlyMap<string, readonly Sample[]>;

export const KEYS_WITHOUT_EXPIRY = 'keys without expiry';
export const KEYS_WITH_EXPIRY = 'keys with expiry';
export const REDIS_MEMORY = 'redis memory, MiB';

/** Takes a sample of everything now and then. */
export class Sampler {
  private readonly series = new Map<string, Sample[]>();
  private readonly began = Date.now();

  constructor(private readonly system: System) {}

  /** Samples that were taken after so many minutes. */
  after(minutes: number): Series {
    return new Map(
      [...this.series].map(([name, samples]) => [name, samples.filter(({ at }) => at >= minutes)]),
    );
  }

  async take(): Promise<void> {
    const at = (Date.now() - this.began) / 60_000;
    const values = {
      ...(await residentMemory(this.system.pids)),
      ...(await redisFigures(this.system.inspector)),
    };
    for (const [name, value] of Object.entries(values))
      this.series.set(name, [...(this.series.get(name) ?? []), { at, value }]);
  }
}

/** RSS in MiB by the name of the process. */
async function residentMemory(pids: ReadonlyMap<string, number>): Promise<Record<string, number>> {
  const { stdout } = await run('ps', ['-o', 'pid=,rss=', '-p', [...pids.values()].join(',')]);
  const byPid = new Map(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number) as [number, number]),
  );
  return Object.fromEntries([...pids].map(([name, pid]) => [`${name}, MiB`, (byPid.get(pid) ?? 0) / 1_024]));
}

async function redisFigures(redis: Redis): Promise<Record<string, number>> {
  const info = `${await redis.info('keyspace')}\n${await redis.info('memory')}`;
  const figure = (pattern: RegExp): number => Number(pattern.exec(info)?.[1] ?? 0);
  const [keys, expiring] = [figure(/^db0:keys=(\d+)/m), figure(/^db0:.*expires=(\d+)/m)];
  return {
    [KEYS_WITHOUT_EXPIRY]: keys - expiring,
    [KEYS_WITH_EXPIRY]: expiring,
    [REDIS_MEMORY]: figure(/^used_memory:(\d+)/m) / 2 ** 20,
  };
}
