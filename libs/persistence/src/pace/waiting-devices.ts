import type { Notification, Suppression } from '@carillon/domain';
import { type Closing, DeliveryCloser } from '../inbox/delivery-closer.js';
import { forgetAt } from '../notifications/notification-record.js';
import { resultsOf, type Store } from '../store.js';

/** Devices of one partition whose turn has come. */
export interface DueDevices {
  readonly partition: number;
  readonly deviceIds: readonly string[];
}

/** The devices that a paced notification has still to go to, each with the time of its turn: a sorted set in each partition. */
export class WaitingDevices {
  constructor(private readonly store: Store) {}

  /**
   * Again changes nothing; whoever had his turn meanwhile is told apart by the deposit.
   * @param turns when each device has its turn, ms since 1970
   */
  async add(
    notification: Notification,
    partition: number,
    turns: ReadonlyMap<string, number>,
  ): Promise<void> {
    if (turns.size === 0) return;
    const { client, keys } = this.store;
    const key = keys.waiting(partition, notification.id);
    const members = [...turns].flatMap(([deviceId, at]) => [at, deviceId]);
    const replies = await client
      .pipeline()
      .zadd(key, 'NX', ...members)
      .pexpireat(key, forgetAt(notification))
      .exec();
    resultsOf(replies);
  }

  /** Those whose turn has come, at most so many of each partition, the earliest first. */
  async due(
    id: string,
    partitions: readonly number[],
    now: number | '+inf',
    limit: number,
  ): Promise<DueDevices[]> {
    const { client, keys } = this.store;
    const found = await Promise.all(
      partitions.map(async (partition) => {
        const key = keys.waiting(partition, id);
        return {
          partition,
          deviceIds: await client.zrangebyscore(key, '-inf', String(now), 'LIMIT', 0, limit),
        };
      }),
    );
    return found.filter(({ deviceIds }) => deviceIds.length > 0);
  }

  /** When the next turn comes, ms since 1970; undefined when nobody waits. */
  async next(id: string, partitions: readonly number[]): Promise<number | undefined> {
    const { client, keys } = this.store;
    const heads = await Promise.all(
      partitions.map((partition) => client.zrange(keys.waiting(partition, id), '0', '0', 'WITHSCORES')),
    );
    const times = heads.flatMap(([, at]) => (at === undefined ? [] : [Number(at)]));
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** When a device has its turn, ms since 1970; undefined when it does not wait. */
  async turnOf(id: string, deviceId: string): Promise<number | undefined> {
    const { client, keys } = this.store;
    const score = await client.zscore(keys.waiting(this.store.partitionOf(deviceId), id), deviceId);
    return score === null ? undefined : Number(score);
  }

  async count(id: string, partitions: readonly number[]): Promise<number> {
    const { client, keys } = this.store;
    const counts = await Promise.all(
      partitions.map((partition) => client.zcard(keys.waiting(partition, id))),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Their turns come later. */
  async defer(id: string, partition: number, turns: ReadonlyMap<string, number>): Promise<void> {
    const members = [...turns].flatMap(([deviceId, at]) => [at, deviceId]);
    await this.store.client.zadd(this.store.keys.waiting(partition, id), 'XX', ...members);
  }

  /** They have had their turn. */
  async remove(id: string, { partition, deviceIds }: DueDevices): Promise<void> {
    await this.store.client.zrem(this.store.keys.waiting(partition, id), ...deviceIds);
  }

  /** Nobody has a turn any more: the notification was stopped. */
  async clear(id: string, partitions: readonly number[]): Promise<void> {
    const { client, keys } = this.store;
    await Promise.all(partitions.map((partition) => client.unlink(keys.waiting(partition, id))));
  }

  /** They will have no turn: each gets a receipt that says so. */
  suppress(notification: Notification, due: readonly DueDevices[], reason: Suppression): Promise<number> {
    const deviceIds = due.flatMap((page) => page.deviceIds);
    const closings = deviceIds.map((deviceId): Closing => ({ deviceId, state: 'suppressed', reason }));
    return new DeliveryCloser(this.store).close(notification, closings);
  }
}
