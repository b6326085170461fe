import type { Redis } from 'ioredis';
import type { FoundKey } from './ledger/left-over.js';

/** Every key under a prefix. */
export async function listKeys(redis: Redis, prefix: string): Promise<FoundKey[]> {
  const names: string[] = [];
  for await (const page of redis.scanStream({ match: `${prefix}*`, count: 1_000 }))
    names.push(...(page as string[]));
  const found: FoundKey[] = [];
  // Deliveries and notifications are the most of them: their expiry says it all.
  for (let i = 0; i < names.length; i += 500) {
    const page = names.slice(i, i + 500);
    const ttls = await redis.pipeline(page.map((name) => ['pttl', name])).exec();
    for (const [j, name] of page.entries()) {
      const ttl = ttls![j]![1] as number;
      // -2: it has expired meanwhile.
      if (ttl === -2) continue;
      found.push({
        name: name.slice(prefix.length),
        ttl,
        ...(ttl === -1 ? await contentOf(redis, name) : NOTHING),
      });
    }
  }
  return found;
}

/** Longer than a worker takes to forget another's consumer. */
const GONE_MS = 150_000;
const NOTHING = { size: 0, members: [] };

async function contentOf(redis: Redis, name: string): Promise<{ size: number; members: readonly string[] }> {
  const type = await redis.type(name);
  if (type === 'stream') return { size: await redis.xlen(name), members: await goneConsumers(redis, name) };
  if (type === 'zset') return sized(await redis.zrange(name, '0', '-1'));
  if (type === 'set') return sized(await redis.smembers(name));
  if (type !== 'hash') return { size: 1, members: [] };
  const fields = Object.entries(await redis.hgetall(name));
  return {
    size: fields.length,
    members: name.endsWith(':held') ? fields.flat() : fields.map(([field]) => field),
  };
}

/** Consumers of a stream that nobody has heard of for long: those of workers that were killed. */
async function goneConsumers(redis: Redis, stream: string): Promise<string[]> {
  const groups = (await redis.xinfo('GROUPS', stream)) as [string, string, ...unknown[]][];
  const gone: string[] = [];
  for (const [, group] of groups) {
    const consumers = (await redis.xinfo('CONSUMERS', stream, group)) as (string | number)[][];
    for (const [, name, , , , idle] of consumers) if (Number(idle) > GONE_MS) gone.push(String(name));
  }
  return gone;
}

const sized = (members: string[]): { size: number; members: string[] } => ({ size: members.length, members });
