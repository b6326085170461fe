import { Injectable } from '@nestjs/common';
import type { Delivery, DeliveryStep } from '@carillon/domain';
import { RedisInbox, RedisNotifications } from '@carillon/persistence';

const NOTIFICATIONS_PER_ROUND = 50;
const PAGE = 500;

interface Sweep {
  readonly app: string;
  readonly notificationId: string;
  /** When the notification expires; one that is not kept any more has. */
  readonly expiresAt: number;
  readonly now: number;
}

/** Closes deliveries that have expired or are too old for an inbox: each leaves its inbox and says so in a receipt. */
@Injectable()
export class ExpirySweeper {
  constructor(
    private readonly inbox: RedisInbox,
    private readonly notifications: RedisNotifications,
  ) {}

  /** @returns whether there is more to do at once */
  async sweep(now: number): Promise<boolean> {
    let more = false;
    for (const partition of await this.inbox.partitionsWithExpired(now)) {
      const ids = await this.inbox.expired(partition, now, NOTIFICATIONS_PER_ROUND);
      for (const id of ids) await this.close(partition, id, now);
      more ||= ids.length === NOTIFICATIONS_PER_ROUND;
    }
    return more;
  }

  private async close(partition: number, notificationId: string, now: number): Promise<void> {
    const { app = '', expiresAt = 0 } = (await this.notifications.lifetime(notificationId)) ?? {};
    const deposits = await this.inbox.deposits(partition, notificationId);
    const next = await this.closePages(partition, { app, notificationId, expiresAt, now });
    if (next === undefined) await this.inbox.forgetExpiry(partition, notificationId, deposits);
    else await this.inbox.expectExpiry(partition, notificationId, next);
  }

  /** @returns when those that are left have to be looked at; undefined when none is */
  private async closePages(partition: number, sweep: Sweep): Promise<number | undefined> {
    let cursor = '0';
    let next = Number.POSITIVE_INFINITY;
    do {
      const page = await this.inbox.openDeliveries(partition, sweep.notificationId, cursor, PAGE);
      const due = page.deliveries.filter((delivery) => this.endOf(delivery, sweep) <= sweep.now);
      if (due.length > 0) await this.inbox.record(due.map((delivery) => closing(delivery, sweep)));
      for (const delivery of page.deliveries) {
        const end = this.endOf(delivery, sweep);
        if (end > sweep.now) next = Math.min(next, end);
      }
      cursor = page.cursor;
    } while (cursor !== '0');
    return Number.isFinite(next) ? next : undefined;
  }

  private endOf({ steps }: Delivery, { expiresAt }: Sweep): number {
    return Math.min(expiresAt, steps[0]!.at + this.inbox.bounds.maxAge);
  }
}

function closing({ deviceId }: Delivery, { app, notificationId, expiresAt, now: at }: Sweep): DeliveryStep {
  const step = { app, deviceId, notificationId, at };
  if (expiresAt <= at) return { ...step, state: 'expired' };
  return { ...step, state: 'dropped', detail: 'too old for an inbox' };
}
