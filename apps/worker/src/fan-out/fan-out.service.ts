import { Injectable, Logger } from '@nestjs/common';
import type { Audience, FanOutTask, IntakeEvent, Notification, NotificationStatus } from '@carillon/domain';
import {
  type AudienceQuery,
  AudienceResolver,
  type NotificationRecord,
  PacedNotifications,
  Recaller,
  RedisNotifications,
  Store,
} from '@carillon/persistence';
import { isRedisAway } from '@carillon/redis';
import { Enlister } from '../pace/enlister.js';
import { Depositor } from './depositor.js';
import { Turns } from './turns.js';

/** Resolve, deposit, dispatch: from a notification that is due to the inboxes of its devices. */
@Injectable()
export class FanOutService {
  private readonly turns = new Turns();
  private readonly logger = new Logger('FanOut');

  constructor(
    private readonly notifications: RedisNotifications,
    private readonly audience: AudienceResolver,
    private readonly depositor: Depositor,
    private readonly recaller: Recaller,
    private readonly paced: PacedNotifications,
    private readonly enlister: Enlister,
    private readonly store: Store,
  ) {}

  /**
   * What has a turn waits for what was accepted before it; see docs/adr/0013-turns.md.
   * @param isRepeated somebody may have begun it before
   */
  async begin({ notificationId, turn }: IntakeEvent, isRepeated: boolean): Promise<void> {
    if (turn !== undefined)
      return this.turns.take(turn, () => this.sendInTurn(notificationId, turn, isRepeated));
    const record = await this.notifications.find(notificationId);
    if (record && !isStopped(record.status)) await this.send(record.notification, isRepeated);
  }

  /** Those before it may be with a worker that is slow, or dead: they are sent here first, which is harmless if they were. */
  private async sendInTurn(id: string, turn: string, isRepeated: boolean): Promise<void> {
    for (;;) {
      const { record, before } = await this.notifications.findInTurn(id, turn);
      if (record?.status === 'sent') return;
      if (before.length === 0) return this.sendOrLeave(id, record, turn, isRepeated);
      for (const earlier of before) await this.help(earlier, turn);
    }
  }

  private async help(id: string, turn: string): Promise<void> {
    try {
      await this.sendOrLeave(id, await this.notifications.find(id), turn, true);
    } catch (error) {
      if (isRedisAway(error)) throw error;
      // Whoever has it tries it again; the others do not wait for that.
      this.logger.warn(`notification ${id} failed and has lost its turn: ${String(error)}`);
      await this.notifications.leaveTurn(id, turn);
    }
  }

  private async sendOrLeave(
    id: string,
    record: NotificationRecord | undefined,
    turn: string,
    isRepeated: boolean,
  ): Promise<void> {
    if (record && !isStopped(record.status)) await this.send(record.notification, isRepeated, turn);
    else await this.notifications.leaveTurn(id, turn);
  }

  /** A small, named target goes straight to its devices; any other, and a paced one, becomes tasks. */
  private async send(notification: Notification, isRepeated: boolean, turn?: string): Promise<void> {
    const { id, app, audience, pace } = notification;
    const resolvedAt = Date.now();
    const query = await this.audience.open(app, audience, resolvedAt);
    const named = await query.named({ checked: false });
    if (named && !pace) {
      await this.depositNamed(notification, named, resolvedAt);
      const known = isRepeated && !isFixed(audience) ? this.store.allPartitions() : [...named.keys()];
      return this.finishDirectly(id, known, turn);
    }
    const tasks = named ? [...named.keys()].map((partition) => [partition]) : await query.tasks();
    await this.notifications.beginFanOut(id, tasks, Date.now());
    if (pace) await this.paced.enlist(id, Date.now());
  }

  private async depositNamed(
    notification: Notification,
    named: ReadonlyMap<number, string[]>,
    resolvedAt: number,
  ): Promise<void> {
    await Promise.all(
      [...named.values()].map((ids) => this.depositor.deposit(notification, ids, resolvedAt)),
    );
  }

  /** @param partitions that its deliveries may be in: whoever began it before may have found the devices of another moment */
  private async finishDirectly(
    id: string,
    partitions: readonly number[],
    turn: string | undefined,
  ): Promise<void> {
    const status = await this.notifications.finishDirect(id, partitions, Date.now(), turn);
    if (status === 'recalled') await this.recaller.finish(id, partitions, Date.now());
  }

  /** Running it again is harmless: a device that has the delivery is passed over. */
  async run({ notificationId, partitions }: FanOutTask): Promise<void> {
    const record = await this.notifications.find(notificationId);
    if (!record) return;
    if (!isStopped(record.status)) {
      const { app, audience } = record.notification;
      // Pages are read ahead: none was looked up before this.
      const resolvedAt = Date.now();
      const query = await this.audience.open(app, audience, resolvedAt);
      await Promise.all(
        partitions.map((partition) => this.runIn(partition, record.notification, query, resolvedAt)),
      );
    }
    const status = await this.notifications.finishTask(notificationId, partitions, Date.now());
    if (status === 'recalled') await this.recaller.finish(notificationId, partitions, Date.now());
  }

  /** One partition's pages. The notification was looked up just before the first of them. */
  private async runIn(
    partition: number,
    notification: Notification,
    query: AudienceQuery,
    resolvedAt: number,
  ): Promise<void> {
    let pages = 0;
    for await (const page of query.pages(partition)) {
      if (pages++ > 0 && isStopped(await this.notifications.status(notification.id))) return;
      if (notification.pace) await this.enlister.enlist(notification, partition, page);
      else await this.depositor.deposit(notification, page, resolvedAt);
    }
  }
}

/** Whether it has the same devices whenever it is looked up. */
const isFixed = (audience: Audience): boolean => 'device' in audience;

const isStopped = (status: NotificationStatus | undefined): boolean =>
  status === 'cancelled' || status === 'recalled';
