import {
  newNotificationId,
  type Notification,
  NotificationContents,
  type NotificationStatus,
  type StoredContent,
} from '@carillon/domain';
import { DeviceContents } from '../content/device-contents.js';
import { runScript } from '@carillon/redis';
import { byShard, resultsOf, type Store } from '../store.js';
import { type Acceptance, type Accepting, Acceptor, type Idempotency } from './acceptor.js';
import {
  CONTENT_FIELDS,
  forgetAt,
  fromFields,
  type NotificationRecord,
  toContent,
  toFields,
} from './notification-record.js';

/** `unpaced`: it goes to everybody at once, there is nothing to pause; `over`: it was sent, cancelled or recalled. */
export type PauseOutcome = 'done' | 'unpaced' | 'over' | 'unknown';

/** Behind every time, ms since 1970. */
const NEVER = Number.MAX_SAFE_INTEGER;
/** So many of a turn are looked at at once. */
const TURN_PAGE = 64;

export class RedisNotifications extends NotificationContents {
  private readonly deviceContents: DeviceContents;
  private readonly acceptor: Acceptor;

  constructor(private readonly store: Store) {
    super();
    this.deviceContents = new DeviceContents(store);
    this.acceptor = new Acceptor(store);
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
  accept(notification: Notification, idempotency?: Idempotency): Promise<Acceptance> {
    return this.acceptor.accept(notification, idempotency);
  }

  /** Each by itself, those that share a lane in their order. In the order of `items`. */
  acceptAll(items: readonly Accepting[]): Promise<Acceptance[]> {
    return this.acceptor.acceptAll(items);
  }

  /**
   * Where deliveries of a notification are: known when its fan-out has begun, or is done where it needed none. Of one that was stopped before
   * that, whoever worked on it may have died behind a deposit: they may be anywhere.
   */
  partitionsOf({ partitions, status }: Pick<NotificationRecord, 'partitions' | 'status'>): readonly number[] {
    const isStopped = status === 'cancelled' || status === 'recalled';
    return partitions ?? (isStopped ? this.store.allPartitions() : []);
  }

  async find(id: string): Promise<NotificationRecord | undefined> {
    const fields = await this.store.client.hgetall(this.store.keys.notification(this.store.laneOf(id), id));
    return fromFields(id, fields);
  }

  /** A notification and those that were accepted before it under the same turn and are not in their inboxes yet; the first of them, where there are many. */
  async findInTurn(
    id: string,
    turn: string,
  ): Promise<{ record: NotificationRecord | undefined; before: readonly string[] }> {
    const { scripts, keys } = this.store;
    const lane = this.store.laneOf(id);
    const both = [keys.notification(lane, id), keys.turn(lane, turn)];
    const [flat, first] = await scripts.run<[string[], string[]]>('find-in-turn', both, [TURN_PAGE]);
    const place = first.indexOf(id);
    const isBehind = place < 0 && first.length === TURN_PAGE;
    return {
      record: fromFields(id, fieldsOf(flat)),
      before: isBehind ? first : first.slice(0, Math.max(0, place)),
    };
  }

  /** For a notification that will not be deposited: those behind it need not mind it. */
  async leaveTurn(id: string, turn: string): Promise<void> {
    const { client, keys } = this.store;
    await client.lrem(keys.turn(this.store.laneOf(id), turn), 1, id);
  }

  /** Whose it is, and when it expires, ms since 1970. */
  async lifetime(id: string): Promise<{ app: string; expiresAt: number } | undefined> {
    const key = this.store.keys.notification(this.store.laneOf(id), id);
    const [app, expiresAt] = await this.store.client.hmget(key, 'app', 'expiresAt');
    return app && expiresAt ? { app, expiresAt: Number(expiresAt) } : undefined;
  }

  async load(deviceId: string, ids: readonly string[]): Promise<(StoredContent | undefined)[]> {
    const found = new Map<string, StoredContent | undefined>();
    const lanes = byShard(ids, (id) => this.store.laneOf(id));
    await Promise.all([...lanes].map(([lane, own]) => this.loadLane(deviceId, lane, own, found)));
    return ids.map((id) => found.get(id));
  }

  private async loadLane(
    deviceId: string,
    lane: number,
    ids: readonly string[],
    found: Map<string, StoredContent | undefined>,
  ): Promise<void> {
    const pipeline = this.store.client.pipeline();
    for (const id of ids) pipeline.hmget(this.store.keys.notification(lane, id), ...CONTENT_FIELDS);
    const rows = resultsOf(await pipeline.exec()) as (string | null)[][];
    await Promise.all(
      ids.map(async (id, i) => {
        const { content, varies = false } = toContent(id, rows[i]!) ?? {};
        found.set(id, content && varies ? await this.deviceContents.specific(content, deviceId) : content);
      }),
    );
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

  /** One whose time has not come waits beyond it, until it is released. */
  async hold(id: string): Promise<void> {
    await this.store.client.zadd(this.store.keys.due(this.store.laneOf(id)), 'XX', NEVER, id);
  }

  /** It is due at its time, or at once if that has passed. */
  async release(id: string): Promise<void> {
    const { client, keys } = this.store;
    const lane = this.store.laneOf(id);
    const at = await client.hget(keys.notification(lane, id), 'at');
    if (at !== null) await client.zadd(keys.due(lane), 'XX', at, id);
  }

  /** Pauses a paced notification, or lets it go on. */
  pause(id: string, pause: boolean, now: number): Promise<PauseOutcome> {
    const { client, keys } = this.store;
    const lane = this.store.laneOf(id);
    return runScript<PauseOutcome>(
      client,
      'pause-notification',
      [keys.notification(lane, id), keys.paced(lane)],
      [id, now, pause ? 1 : 0],
    );
  }

  async status(id: string): Promise<NotificationStatus | undefined> {
    const key = this.store.keys.notification(this.store.laneOf(id), id);
    return ((await this.store.client.hget(key, 'status')) ?? undefined) as NotificationStatus | undefined;
  }

  /**
   * Takes a notification back; what is not deposited yet never will be.
   * @returns the id of the recall that stands (the first one's), or undefined for an unknown notification
   */
  async recall(id: string, recallId: string, now: number): Promise<string | undefined> {
    const { client, keys } = this.store;
    const lane = this.store.laneOf(id);
    const both = [keys.notification(lane, id), keys.due(lane)];
    const stands = await runScript<string>(client, 'recall-notification', both, [id, now, recallId]);
    return stands === '' ? undefined : stands;
  }

  /** Writes a notification that goes to devices without a fan-out: whoever writes it deposits it. */
  async writeSent(notification: Notification, partitions: readonly number[]): Promise<void> {
    const { client, keys } = this.store;
    const key = keys.notification(this.store.laneOf(notification.id), notification.id);
    const sent = ['status', 'sent', 'sentAt', String(notification.at), 'partitions', partitions.join(',')];
    const replies = await client
      .pipeline()
      .hset(key, ...toFields(notification), ...sent)
      .pexpireat(key, forgetAt(notification))
      .exec();
    resultsOf(replies);
  }

  /** @param tasks the partitions of each; appended in one step, once */
  beginFanOut(
    id: string,
    tasks: readonly (readonly number[])[],
    now: number,
  ): Promise<'begun' | 'already' | 'cancelled'> {
    const { client, keys } = this.store;
    const lane = this.store.laneOf(id);
    return runScript(
      client,
      'begin-fan-out',
      [keys.notification(lane, id), keys.openTasks(lane, id), keys.fanOut(lane)],
      [id, now, ...tasks.map((partitions) => partitions.join(','))],
    );
  }

  /** @returns the status then: `recalled` when what was deposited has to be taken back */
  finishTask(id: string, partitions: readonly number[], now: number): Promise<NotificationStatus | ''> {
    return this.finish(id, [partitions.join(','), now, '', '']);
  }

  /** For a notification that went straight to its devices, without tasks. */
  finishDirect(
    id: string,
    partitions: readonly number[],
    now: number,
    turn?: string,
  ): Promise<NotificationStatus | ''> {
    return this.finish(id, ['', now, partitions.join(','), turn === undefined ? '' : id], turn);
  }

  private async finish(
    id: string,
    args: (string | number)[],
    turn?: string,
  ): Promise<NotificationStatus | ''> {
    const { scripts, keys } = this.store;
    const lane = this.store.laneOf(id);
    const key = keys.notification(lane, id);
    const [, status] = await scripts.run<[number, NotificationStatus | '']>(
      'finish-fan-out',
      [key, keys.openTasks(lane, id), turn === undefined ? key : keys.turn(lane, turn)],
      args,
    );
    return status;
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

/** A hash as a script answers it. */
function fieldsOf(flat: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let i = 0; i < flat.length; i += 2) fields[flat[i]!] = flat[i + 1]!;
  return fields;
}
