import { Injectable } from '@nestjs/common';
import type { DeliveryStep } from '@carillon/domain';
import { RedisInbox, RedisNotifications } from '@carillon/persistence';

const NOTIFICATIONS_PER_ROUND = 50;
const PAGE = 500;

/** Closes deliveries whose notification has expired: each leaves its inbox and says so in a receipt. */
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
      for (const id of ids) await this.expire(partition, id, now);
      more ||= ids.length === NOTIFICATIONS_PER_ROUND;
    }
    return more;
  }

  private async expire(partition: number, notificationId: string, at: number): Promise<void> {
    const [content] = await this.notifications.load([notificationId]);
    const app = content?.app ?? '';
    const deposits = await this.inbox.deposits(partition, notificationId);
    let cursor = '0';
    do {
      const page = await this.inbox.openDeliveries(partition, notificationId, cursor, PAGE);
      const steps = page.deviceIds.map((deviceId): DeliveryStep => ({
        app,
        deviceId,
        notificationId,
        state: 'expired',
        at,
      }));
      if (steps.length > 0) await this.inbox.record(steps);
      cursor = page.cursor;
    } while (cursor !== '0');
    await this.inbox.forgetExpiry(partition, notificationId, deposits);
  }
}
