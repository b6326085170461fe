import {
  type Connection,
  type ConnectionPolicy,
  CONNECTED_WEIGHT,
  hourOf,
  Presence,
  type PresenceClaim,
} from '@carillon/domain';
import { GatheredScripts, runScript } from '@carillon/redis';
import type { Store } from '../store.js';
import { parseConnection, parseConnections } from './connections.js';

export class RedisPresence extends Presence {
  /** Apart from claims: calls of one script that come one after the other go as one. */
  private readonly notes: GatheredScripts;

  constructor(
    private readonly store: Store,
    private readonly policy: ConnectionPolicy = 'per-transport',
  ) {
    super();
    this.notes = new GatheredScripts(store.client);
  }

  async claim(
    deviceId: string,
    tokenHash: string,
    transport: string,
    edgeId: string,
  ): Promise<PresenceClaim> {
    const { scripts, keys } = this.store;
    const partition = this.store.partitionOf(deviceId);
    const [now, record] = [Date.now(), keys.device(partition, deviceId)];
    const claimed = scripts.run<[number, number, ...string[]]>(
      'claim-presence',
      [keys.online(partition), keys.epoch(partition), record, keys.inbox(partition, deviceId)],
      [deviceId, transport, edgeId, tokenHash, now, this.policy === 'single' ? '1' : '0'],
    );
    const noted = this.notes.run<number>('note-activity', [record], [hourOf(now), CONNECTED_WEIGHT]);
    const [[epoch, waiting, ...displaced]] = await Promise.all([claimed, noted]);
    if (epoch === 0) return { ok: false };
    return { ok: true, epoch, waits: waiting === 1, displaced: displaced.map(parseConnection) };
  }

  async release(deviceId: string, epoch: number): Promise<void> {
    const { scripts, keys } = this.store;
    const partition = this.store.partitionOf(deviceId);
    const both = [keys.online(partition), keys.device(partition, deviceId)];
    await scripts.run<number>('release-presence', both, [Date.now(), deviceId, epoch]);
  }

  private releaseIn(partition: number, stale: readonly [device: string, epoch: number][]): Promise<number> {
    const { client, keys } = this.store;
    const records = stale.map(([device]) => keys.device(partition, device));
    return runScript(
      client,
      'release-presence',
      [keys.online(partition), ...records],
      [Date.now(), ...stale.flat()],
    );
  }

  async connections(deviceId: string): Promise<readonly Connection[]> {
    const { client, keys } = this.store;
    const stored = await client.hget(keys.online(this.store.partitionOf(deviceId)), deviceId);
    return parseConnections(stored ?? '');
  }

  /** Those of each device of a partition. */
  async connectionsOf(deviceIds: readonly string[]): Promise<Connection[][]> {
    if (deviceIds.length === 0) return [];
    const { client, keys } = this.store;
    const stored = await client.hmget(keys.online(this.store.partitionOf(deviceIds[0]!)), ...deviceIds);
    return stored.map((each) => parseConnections(each ?? ''));
  }

  /**
   * Removes the connections of an edge that is gone; those that were claimed here before the call are in Redis first.
   * @param before connections that were claimed from then on (ms since 1970) are left alone: the edge is back
   * @returns how many there were
   */
  async releaseEdge(edgeId: string, before: number): Promise<number> {
    await this.store.scripts.settled();
    let removed = 0;
    for (const partition of this.store.allPartitions())
      removed += await this.releaseEdgeIn(partition, edgeId, before);
    return removed;
  }

  private async releaseEdgeIn(partition: number, edgeId: string, before: number): Promise<number> {
    const { client, keys } = this.store;
    let removed = 0;
    let cursor = '0';
    do {
      const [next, fields] = await client.hscan(keys.online(partition), cursor, 'COUNT', 500);
      const stale: [string, number][] = [];
      for (let i = 0; i < fields.length; i += 2) {
        for (const connection of parseConnections(fields[i + 1]!)) {
          if (connection.edgeId === edgeId && connection.epoch < before)
            stale.push([fields[i]!, connection.epoch]);
        }
      }
      if (stale.length > 0) removed += await this.releaseIn(partition, stale);
      cursor = next;
    } while (cursor !== '0');
    return removed;
  }
}
