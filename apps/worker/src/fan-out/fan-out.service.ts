import { Injectable } from '@nestjs/common';
import {
  type Deposit,
  type FanOutTask,
  Inbox,
  type Notification,
  type NotificationStatus,
} from '@carillon/domain';
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
    const resolvedAt = Date.now();
    const query = await this.audience.open(app, audience, resolvedAt);
    const partitions = await query.named();
    if (partitions) {
      await Promise.all([...partitions.values()].map((ids) => this.deposit(record, ids, resolvedAt)));
      const own = [...partitions.keys()];
      const status = await this.notifications.finishDirect(notificationId, own, Date.now());
      if (status === 'recalled') await this.recaller.finish(notificationId, own, Date.now());
      return;
    }
    await this.notifications.beginFanOut(notificationId, await query.partitions(), Date.now());
  }

  /** One partition's pages. Running it again is harmless: a device that has the delivery is passed over. */
  async run({ notificationId, partition }: FanOutTask): Promise<void> {
    const record = await this.notifications.find(notificationId);
    if (!record) return;
    const { app, audience } = record.notification;
    if (!isStopped(record.status)) {
      // Pages are read ahead: none was looked up before this.
      const resolvedAt = Date.now();
      const query = await this.audience.open(app, audience, resolvedAt);
      for await (const page of query.pages(partition)) {
        if (isStopped(await this.notifications.status(notificationId))) break;
        await this.deposit(record, page, resolvedAt);
      }
    }
    const status = await this.notifications.finishTask(notificationId, partition, Date.now());
    if (status === 'recalled') await this.recaller.finish(notificationId, [partition], Date.now());
  }

  /** @param resolvedAt when the audience's devices were looked up, or before */
  private async deposit(
    { notification }: NotificationRecord,
    deviceIds: readonly string[],
    resolvedAt: number,
  ): Promise<void> {
    const deposit = { ...depositOf(notification), resolvedAt };
    let moved = await this.put(notification, deposit, deviceIds);
    for (let round = 0; moved.length > 0; round++) {
      if (round > MAX_MOVES) throw new Error('devices change hands faster than they can be looked up');
      const owners = await this.audience.owners(moved);
      // After their owners: who changes hands in between is told again.
      const { app, audience } = notification;
      const members = await this.audience.matchingOf(app, audience, moved);
      moved = await this.put(notification, deposit, members, owners);
    }
  }

  /** @returns devices that changed hands: whether they belong to the audience has to be asked again */
  private async put(
    notification: Notification,
    deposit: Deposit,
    deviceIds: readonly string[],
    owners?: ReadonlyMap<string, string>,
  ): Promise<readonly string[]> {
    if (deviceIds.length === 0) return [];
    const outcome = await this.inbox.deposit(deposit, deviceIds, Date.now(), owners);
    this.deposits.inc({ outcome: 'deposited' }, outcome.deposited);
    this.deposits.inc({ outcome: 'repeated' }, outcome.repeated);
    this.deposits.inc({ outcome: 'unknown' }, outcome.unknown);
    await this.dispatcher.dispatch(notification, outcome.online);
    return outcome.moved;
  }
}

/** A device that changes hands so often while one page is deposited is being played with. */
const MAX_MOVES = 10;

const isStopped = (status: NotificationStatus | undefined): boolean =>
  status === 'cancelled' || status === 'recalled';
