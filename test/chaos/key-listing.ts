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

const NOTHING = { size: 0, members: [] };

async function contentOf(redis: Redis, name: string): Promise<{ size: number; members: readonly string[] }> {
  const type = await redis.type(name);
  if (type === 'stream') return { size: await redis.xlen(name), members: [] };
  if (type === 'zset') return sized(await redis.zrange(name, '0', '-1'));
  if (type === 'set') return sized(await redis.smembers(name));
  if (type !== 'hash') return { size: 1, members: [] };
  const fields = Object.entries(await redis.hgetall(name));
  return {
    size: fields.length,
    members: name.endsWith(':held') ? fields.flat() : fields.map(([field]) => field),
  };
}

const sized = (members: string[]): { size: number; members: string[] } => ({ size: members.length, members });
