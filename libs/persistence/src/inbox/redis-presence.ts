import {
  type Connection,
  type ConnectionPolicy,
  CONNECTED_WEIGHT,
  hourOf,
  Presence,
  type PresenceClaim,
} from '@carillon/domain';
import { GatheredScripts, runScript } from '@carillon/redis';
import { byShard, type Store } from '../store.js';
import { parseConnection, parseConnections } from './connections.js';

/** So often what is held is compared with Redis behind a doubt: what was sent over a connection that broke may be done a little later. */
const DOUBTFUL_ROUNDS = 2;

export class RedisPresence extends Presence {
  /** Apart from claims: calls of one script that come one after the other go as one. */
  private readonly notes: GatheredScripts;
  /** Claims whose answer is awaited, by device. */
  private readonly claiming = new Map<string, number>();
  private doubtfulRounds = 0;

  constructor(
    private readonly store: Store,
    policy?: ConnectionPolicy,
  ) {
    super(policy);
    this.notes = new GatheredScripts(store.client);
  }

  async claim(
    deviceId: string,
    tokenHash: string,
    transport: string,
    edgeId: string,
  ): Promise<PresenceClaim> {
    this.claiming.set(deviceId, (this.claiming.get(deviceId) ?? 0) + 1);
    try {
      return await this.tryClaim(deviceId, tokenHash, transport, edgeId);
    } catch (error) {
      this.doubt();
      throw error;
    } finally {
      const others = this.claiming.get(deviceId)! - 1;
      if (others > 0) this.claiming.set(deviceId, others);
      else this.claiming.delete(deviceId);
    }
  }

  private async tryClaim(
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
    try {
      await scripts.run<number>('release-presence', both, [Date.now(), deviceId, epoch]);
    } catch (error) {
      this.doubt();
      throw error;
    }
  }

  /** A claim or a release failed: Redis may have done it, or not, or may do it yet. */
  doubt(): void {
    this.doubtfulRounds = DOUBTFUL_ROUNDS;
  }

  /**
   * Removes connections that Redis has of an edge, and that the edge does not; looks for them behind a doubt alone.
   * @param isHeld whether the edge has the device's connection
   * @returns how many were removed
   */
  async releaseUnheld(
    edgeId: string,
    isHeld: (deviceId: string, connection: Connection) => boolean,
  ): Promise<number> {
    if (this.doubtfulRounds === 0) return 0;
    this.doubtfulRounds--;
    try {
      return await this.releaseWhere(
        (deviceId, connection) =>
          connection.edgeId === edgeId && !this.claiming.has(deviceId) && !isHeld(deviceId, connection),
      );
    } catch (error) {
      this.doubt();
      throw error;
    }
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

  async connectionsOf(deviceIds: readonly string[]): Promise<Connection[][]> {
    const { client, keys } = this.store;
    const found = new Map<string, string | null>();
    const partitions = byShard(deviceIds, (id) => this.store.partitionOf(id));
    await Promise.all(
      [...partitions].map(async ([partition, ids]) => {
        const stored = await client.hmget(keys.online(partition), ...ids);
        for (const [i, id] of ids.entries()) found.set(id, stored[i]!);
      }),
    );
    return deviceIds.map((id) => parseConnections(found.get(id) ?? ''));
  }

  /**
   * Removes the connections of an edge that is gone; those that were claimed here before the call are in Redis first.
   * @param before connections that were claimed from then on (ms since 1970) are left alone: the edge is back
   * @returns how many there were
   */
  async releaseEdge(edgeId: string, before: number): Promise<number> {
    await this.store.scripts.settled();
    return this.releaseWhere((_, connection) => connection.edgeId === edgeId && connection.epoch < before);
  }

  private async releaseWhere(isStale: IsStale): Promise<number> {
    let removed = 0;
    for (const partition of this.store.allPartitions())
      removed += await this.releaseWhereIn(partition, isStale);
    return removed;
  }

  private async releaseWhereIn(partition: number, isStale: IsStale): Promise<number> {
    const { client, keys } = this.store;
    let removed = 0;
    let cursor = '0';
    do {
      const [next, fields] = await client.hscan(keys.online(partition), cursor, 'COUNT', 500);
      // Whoever had an answer together with this one has taken note of it.
      await new Promise((resolve) => setImmediate(resolve));
      const stale: [string, number][] = [];
      for (let i = 0; i < fields.length; i += 2) {
        for (const connection of parseConnections(fields[i + 1]!))
          if (isStale(fields[i]!, connection)) stale.push([fields[i]!, connection.epoch]);
      }
      if (stale.length > 0) removed += await this.releaseIn(partition, stale);
      cursor = next;
    } while (cursor !== '0');
    return removed;
  }
}

type IsStale = (deviceId: string, connection: Connection) => boolean;
