import { shardOf } from '@carillon/domain';
import { GatheredScripts, isCluster, type RedisClient, type RedisKeys } from '@carillon/redis';

/** The connection and the map of the schema that every repository works with. */
export class Store {
  /** For scripts that are called often, by many at once. */
  readonly scripts: GatheredScripts;

  constructor(
    readonly client: RedisClient,
    readonly keys: RedisKeys,
  ) {
    this.scripts = new GatheredScripts(client);
  }

  /** The partition that owns a device's state; users and groups have one likewise. */
  partitionOf(id: string): number {
    return shardOf(id, this.keys.partitions);
  }

  /** The lane of a notification, or of whatever else decides it (an idempotency key). */
  laneOf(id: string): number {
    return shardOf(id, this.keys.lanes);
  }

  allPartitions(): number[] {
    return Array.from({ length: this.keys.partitions }, (_, i) => i);
  }

  allLanes(): number[] {
    return Array.from({ length: this.keys.lanes }, (_, i) => i);
  }

  /**
   * Items by what one script call may take: all of them on one Redis; those of each shard in a cluster, where a script stays in one hash slot.
   * Each keeps its order. See docs/adr/0015.
   */
  inOneScript<T>(items: readonly T[], shard: (item: T) => number): (readonly T[])[] {
    if (!isCluster(this.client)) return items.length === 0 ? [] : [items];
    return [...byShard(items, shard).values()];
  }
}

/** Groups items by shard (or what else they lie in), keeping their order within each. */
export function byShard<T, Shard = number>(items: readonly T[], shard: (item: T) => Shard): Map<Shard, T[]> {
  const groups = new Map<Shard, T[]>();
  for (const item of items) {
    const key = shard(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** The results of a pipeline; throws the first error among them. */
export function resultsOf(replies: [Error | null, unknown][] | null): unknown[] {
  return (replies ?? []).map(([error, result]) => {
    if (error) throw error;
    return result;
  });
}
