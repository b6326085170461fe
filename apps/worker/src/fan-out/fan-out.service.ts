import { Injectable } from '@nestjs/common';
import { type FanOutTask, Inbox, type NotificationStatus, planAudience } from '@carillon/domain';
import { Metrics, type Counter } from '@carillon/observability';
import {
  AudienceResolver,
  depositOf,
  Dispatcher,
  type NotificationRecord,
  Recaller,
  RedisNotifications,
} from '@carillon/persistence';

/** Resolve, deposit, dispatch: from a notification that is due to the inboxes of its devices. */
@Injectable()
export class FanOutService {
  private readonly deposits: Counter<'outcome'>;

  constructor(
    private readonly notifications: RedisNotifications,
    private readonly audience: AudienceResolver,
    private readonly inbox: Inbox,
    private readonly dispatcher: Dispatcher,
    private readonly recaller: Recaller,
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
    if (!record || isStopped(record.status)) return;
    const { app, audience } = record.notification;
    const plan = planAudience(audience);
    if (plan.direct) {
      const partitions = await this.audience.named(app, audience, plan);
      await Promise.all([...partitions.values()].map((deviceIds) => this.deposit(record, deviceIds)));
      const own = [...partitions.keys()];
      const status = await this.notifications.finishDirect(notificationId, own, Date.now());
      if (status === 'recalled') await this.recaller.finish(notificationId, own, Date.now());
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
    if (!isStopped(record.status)) {
      for await (const page of this.audience.pages(app, partition, audience)) {
        if (isStopped(await this.notifications.status(notificationId))) break;
        await this.deposit(record, page);
      }
    }
    const status = await this.notifications.finishTask(notificationId, partition, Date.now());
    if (status === 'recalled') await this.recaller.finish(notificationId, [partition], Date.now());
  }

  private async deposit({ notification }: NotificationRecord, deviceIds: readonly string[]): Promise<void> {
    const outcome = await this.inbox.deposit(depositOf(notification), deviceIds, Date.now());
    this.deposits.inc({ outcome: 'deposited' }, outcome.deposited);
    this.deposits.inc({ outcome: 'repeated' }, outcome.repeated);
    this.deposits.inc({ outcome: 'unknown' }, outcome.unknown);
    await this.dispatcher.dispatch(notification, outcome.online);
  }
}

const isStopped = (status: NotificationStatus | undefined): boolean =>
  status === 'cancelled' || status === 'recalled';
