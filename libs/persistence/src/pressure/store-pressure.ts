import { isCluster, type RedisClient } from '@carillon/redis';
import type { Store } from '../store.js';

export interface Pressure {
  /** How much of the memory that Redis may take is taken, 0 to 1; of the fullest node. 0 where there is no bound. */
  readonly memory: number;
  /** Entries of the work streams that wait or are under way. */
  readonly backlog: number;
}

/** How much the store has to bear. */
export class StorePressure {
  constructor(private readonly store: Store) {}

  async sample(): Promise<Pressure> {
    const [memory, backlog] = await Promise.all([memoryUse(this.store.client), this.backlog()]);
    return { memory, backlog };
  }

  private async backlog(): Promise<number> {
    const { client, keys } = this.store;
    const streams = [
      ...this.store.allLanes().flatMap((lane) => [keys.intake(lane), keys.fanOut(lane)]),
      ...this.store.allPartitions().map(keys.receipts),
    ];
    const lengths = await Promise.all(streams.map((stream) => client.xlen(stream)));
    return lengths.reduce((sum, length) => sum + length, 0);
  }
}

async function memoryUse(client: RedisClient): Promise<number> {
  const nodes = isCluster(client) ? client.nodes('master') : [client];
  const infos = await Promise.all(nodes.map((node) => node.info('memory')));
  return Math.max(0, ...infos.map(memoryUseOf));
}

/** @param info what `INFO memory` says */
export function memoryUseOf(info: string): number {
  const figure = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  const bound = figure('maxmemory');
  return bound === 0 ? 0 : figure('used_memory') / bound;
}
