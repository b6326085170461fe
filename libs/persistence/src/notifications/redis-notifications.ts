import {
  newNotificationId,
  type Notification,
  NotificationContents,
  type NotificationStatus,
  type StoredContent,
} from '@carillon/domain';
import { runScript } from '@carillon/redis';
import { byShard, resultsOf, type Store } from '../store.js';
import {
  CONTENT_FIELDS,
  forgetAt,
  fromFields,
  type NotificationRecord,
  toContent,
  toFields,
} from './notification-record.js';

/** What makes a repeated request recognisable: digests (hex) of the caller's key and of the request. */
export interface Idempotency {
  readonly keyHash: string;
  readonly digest: string;
}

export interface Acceptance {
  readonly outcome: 'accepted' | 'replayed' | 'mismatch';
  /** The id of the notification that stands: the new one, or that of the first request. */
  readonly id: string;
}

/** For how long an idempotency key is remembered, s. */
export const IDEMPOTENCY_RETENTION = 48 * 3_600;

export class RedisNotifications extends NotificationContents {
  constructor(private readonly store: Store) {
    super();
  }

  /** A new id, in the lane of its idempotency key, so that both are written in one atomic step. */
  newId(app: string, idempotency: Idempotency | undefined, now: number): string {
    if (!idempotency) return newNotificationId(now);
    const lane = this.store.laneOf(app + idempotency.keyHash);
    for (;;) {
      const id = newNotificationId(now);
      if (this.store.laneOf(id) === lane) return id;
    }
  }

  /** What stands under an idempotency key from before, without accepting anything. */
  async earlier(app: string, { keyHash, digest }: Idempotency): Promise<Acceptance | undefined> {
    const { client, keys } = this.store;
    const lane = this.store.laneOf(app + keyHash);
    const [before, id] = await client.hmget(keys.idempotency(lane, app, keyHash), 'digest', 'id');
    if (!before || !id) return undefined;
    return { outcome: before === digest ? 'replayed' : 'mismatch', id };
  }

  /** Writes a notification and puts it on its way, atomically. After this it is never lost. */
  async accept(notification: Notification, idempotency?: Idempotency): Promise<Acceptance> {
    const { client, keys } = this.store;
    const { id, app, at, acceptedAt } = notification;
    const lane = this.store.laneOf(id);
    const key = keys.notification(lane, id);
    const [outcome, stands] = await runScript<[Acceptance['outcome'], string]>(
      client,
      'accept-notification',
      [
        key,
        idempotency ? keys.idempotency(lane, app, idempotency.keyHash) : key,
        keys.intake(lane),
        keys.due(lane),
      ],
      [
        id,
        idempotency?.digest ?? '',
        IDEMPOTENCY_RETENTION,
        at > acceptedAt ? at : '',
        forgetAt(notification),
        ...toFields(notification),
      ],
    );
    return { outcome, id: stands };
  }

  async find(id: string): Promise<NotificationRecord | undefined> {
    const fields = await this.store.client.hgetall(this.store.keys.notification(this.store.laneOf(id), id));
    return fromFields(id, fields);
  }

  async load(ids: readonly string[]): Promise<(StoredContent | undefined)[]> {
    const found = new Map<string, StoredContent | undefined>();
    const lanes = byShard(ids, (id) => this.store.laneOf(id));
    await Promise.all([...lanes].map(([lane, own]) => this.loadLane(lane, own, found)));
    return ids.map((id) => found.get(id));
  }

  private async loadLane(
    lane: number,
    ids: readonly string[],
    found: Map<string, StoredContent | undefined>,
  ): Promise<void> {
    const pipeline = this.store.client.pipeline();
    for (const id of ids) pipeline.hmget(this.store.keys.notification(lane, id), ...CONTENT_FIELDS);
    const rows = resultsOf(await pipeline.exec()) as (string | null)[][];
    ids.forEach((id, i) => found.set(id, toContent(id, rows[i]!)));
  }

  /** @returns the status that it had before, or undefined for an unknown id */
  async cancel(id: string, now: number): Promise<NotificationStatus | undefined> {
    const { client, keys } = this.store;
    const lane = this.store.laneOf(id);
    const before = await runScript<NotificationStatus | 'unknown'>(
      client,
      'cancel-notification',
      [keys.notification(lane, id), keys.due(lane)],
      [id, now],
    );
    return before === 'unknown' ? undefined : before;
  }

  async isCancelled(id: string): Promise<boolean> {
    const key = this.store.keys.notification(this.store.laneOf(id), id);
    return (await this.store.client.hget(key, 'status')) === 'cancelled';
  }

  /** One task per partition, appended in one step, once. */
  beginFanOut(
    id: string,
    partitions: readonly number[],
    now: number,
  ): Promise<'begun' | 'already' | 'cancelled'> {
    const { client, keys } = this.store;
    const lane = this.store.laneOf(id);
    return runScript(
      client,
      'begin-fan-out',
      [keys.notification(lane, id), keys.openTasks(lane, id), keys.fanOut(lane)],
      [id, now, ...partitions],
    );
  }

  async finishTask(id: string, partition: number, now: number): Promise<void> {
    await this.finish(id, [String(partition), now, '']);
  }

  /** For a notification that went straight to its devices, without tasks. */
  async finishDirect(id: string, partitions: readonly number[], now: number): Promise<void> {
    await this.finish(id, ['', now, partitions.join(',')]);
  }

  private finish(id: string, args: (string | number)[]): Promise<unknown> {
    const { client, keys } = this.store;
    const lane = this.store.laneOf(id);
    return runScript(client, 'finish-fan-out', [keys.notification(lane, id), keys.openTasks(lane, id)], args);
  }

  /** Moves what is due in a lane to its intake. */
  async claimDue(lane: number, now: number, limit: number): Promise<{ moved: number; nextAt?: number }> {
    const { client, keys } = this.store;
    const [moved, next] = await runScript<[number, string]>(
      client,
      'claim-due',
      [keys.due(lane), keys.intake(lane)],
      [now, limit],
    );
    return { moved, ...(next !== '' && { nextAt: Number(next) }) };
  }
}
