import { Injectable } from '@nestjs/common';
import type { FanOutTask, Notification, NotificationStatus } from '@carillon/domain';
import {
  AudienceResolver,
  PacedNotifications,
  Recaller,
  RedisNotifications,
  WaitingDevices,
} from '@carillon/persistence';
import { Depositor } from './depositor.js';

/** Resolve, deposit, dispatch: from a notification that is due to the inboxes of its devices. */
@Injectable()
export class FanOutService {
  constructor(
    private readonly notifications: RedisNotifications,
    private readonly audience: AudienceResolver,
    private readonly depositor: Depositor,
    private readonly recaller: Recaller,
    private readonly paced: PacedNotifications,
    private readonly waiting: WaitingDevices,
  ) {}

  /** A small, named target goes straight to its devices; any other, and a paced one, becomes one task per partition. */
  async begin(notificationId: string): Promise<void> {
    const record = await this.notifications.find(notificationId);
    if (!record || isStopped(record.status)) return;
    const { app, audience, pace } = record.notification;
    const resolvedAt = Date.now();
    const query = await this.audience.open(app, audience, resolvedAt);
    const named = pace ? undefined : await query.named();
    if (named) return this.sendDirectly(record.notification, named, resolvedAt);
    await this.notifications.beginFanOut(notificationId, await query.partitions(), Date.now());
    if (pace) await this.paced.enlist(notificationId, Date.now());
  }

  private async sendDirectly(
    notification: Notification,
    partitions: ReadonlyMap<number, string[]>,
    resolvedAt: number,
  ): Promise<void> {
    await Promise.all(
      [...partitions.values()].map((ids) => this.depositor.deposit(notification, ids, resolvedAt)),
    );
    const own = [...partitions.keys()];
    const status = await this.notifications.finishDirect(notification.id, own, Date.now());
    if (status === 'recalled') await this.recaller.finish(notification.id, own, Date.now());
  }

  /** One partition's pages. Running it again is harmless: a device that has the delivery is passed over. */
  async run({ notificationId, partition }: FanOutTask): Promise<void> {
    const record = await this.notifications.find(notificationId);
    if (!record) return;
    const { notification } = record;
    const { app, audience, pace } = notification;
    if (!isStopped(record.status)) {
      // Pages are read ahead: none was looked up before this.
      const resolvedAt = Date.now();
      const query = await this.audience.open(app, audience, resolvedAt);
      for await (const page of query.pages(partition)) {
        if (isStopped(await this.notifications.status(notificationId))) break;
        if (pace) await this.waiting.add(notification, partition, page);
        else await this.depositor.deposit(notification, page, resolvedAt);
      }
    }
    const status = await this.notifications.finishTask(notificationId, partition, Date.now());
    if (status === 'recalled') await this.recaller.finish(notificationId, [partition], Date.now());
  }
}

const isStopped = (status: NotificationStatus | undefined): boolean =>
  status === 'cancelled' || status === 'recalled';
