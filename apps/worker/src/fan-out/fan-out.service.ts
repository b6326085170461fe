import { Injectable } from '@nestjs/common';
import { type FanOutTask, Inbox, type Notification, planAudience } from '@carillon/domain';
import { Metrics, type Counter } from '@carillon/observability';
import { AudienceResolver, type NotificationRecord, RedisNotifications } from '@carillon/persistence';
import { Dispatcher } from './dispatcher.js';

/** Resolve, deposit, dispatch: from a notification that is due to the inboxes of its devices. */
@Injectable()
export class FanOutService {
  private readonly deposits: Counter<'outcome'>;

  constructor(
    private readonly notifications: RedisNotifications,
    private readonly audience: AudienceResolver,
    private readonly inbox: Inbox,
    private readonly dispatcher: Dispatcher,
    metrics: Metrics,
  ) {
    this.deposits = metrics.counter({
      name: 'deposits_total',
      help: 'Deliveries put into inboxes, by outcome',
      labels: ['outcome'],
    });
  }

  /** A small, named target goes straight to its devices; any other becomes one task per partition. */
  async begin(notificationId: string): Promise<void> {
    const record = await this.notifications.find(notificationId);
    if (!record || record.status === 'cancelled') return;
    const { app, audience } = record.notification;
    const plan = planAudience(audience);
    if (plan.direct) {
      const partitions = await this.audience.named(app, audience, plan);
      await Promise.all([...partitions.values()].map((deviceIds) => this.deposit(record, deviceIds)));
      await this.notifications.finishDirect(notificationId, [...partitions.keys()], Date.now());
      return;
    }
    const partitions = await this.audience.partitions(app, plan);
    await this.notifications.beginFanOut(notificationId, partitions, Date.now());
  }

  /** One partition's pages. Running it again is harmless: a device that has the delivery is passed over. */
  async run({ notificationId, partition }: FanOutTask): Promise<void> {
    const record = await this.notifications.find(notificationId);
    if (!record) return;
    const { app, audience } = record.notification;
    if (record.status !== 'cancelled') {
      for await (const page of this.audience.pages(app, partition, audience)) {
        if (await this.notifications.isCancelled(notificationId)) break;
        await this.deposit(record, page);
      }
    }
    await this.notifications.finishTask(notificationId, partition, Date.now());
  }

  private async deposit({ notification }: NotificationRecord, deviceIds: readonly string[]): Promise<void> {
    const outcome = await this.inbox.deposit(depositOf(notification), deviceIds, Date.now());
    this.deposits.inc({ outcome: 'deposited' }, outcome.deposited);
    this.deposits.inc({ outcome: 'repeated' }, outcome.repeated);
    this.deposits.inc({ outcome: 'unknown' }, outcome.unknown);
    await this.dispatcher.dispatch(notification, outcome.online);
  }
}

const depositOf = ({ id, app, expiresAt, ttl, collapseKey }: Notification) => ({
  notificationId: id,
  app,
  expiresAt,
  onlineOnly: ttl === 0,
  ...(collapseKey !== undefined && { collapseKey }),
});
