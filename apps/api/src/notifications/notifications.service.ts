import { Injectable } from '@nestjs/common';
import {
  CarillonError,
  DEFAULT_TTL,
  type Notification,
  ONLINE_ONLY_GRACE,
  parseAudience,
} from '@carillon/domain';
import {
  type Acceptance,
  type Idempotency,
  type NotificationRecord,
  RedisInbox,
  RedisNotifications,
} from '@carillon/persistence';
import { mismatch } from '../http/idempotency.js';
import { contentOf } from './content.js';
import { dueTime } from './due-time.js';
import type { SendNotification } from './notification.dto.js';
import {
  type AcceptedNotification,
  acceptedView,
  type DeliveryView,
  deliveryView,
  type NotificationStatusView,
  type NotificationView,
  notificationView,
} from './notification.view.js';

export interface Sent {
  readonly accepted: AcceptedNotification;
  /** The request came before; this is the answer that it had then. */
  readonly replayed: boolean;
}

@Injectable()
export class NotificationsService {
  constructor(
    private readonly notifications: RedisNotifications,
    private readonly inbox: RedisInbox,
  ) {}

  async send(app: string, request: SendNotification, idempotency?: Idempotency): Promise<Sent> {
    // Before all that depends on the time: a request that was good when it came first is good for ever.
    const earlier = idempotency && (await this.notifications.earlier(app, idempotency));
    if (earlier) return this.replay(earlier);
    const now = Date.now();
    const notification = build(this.notifications.newId(app, idempotency, now), app, request, now);
    const acceptance = await this.notifications.accept(notification, idempotency);
    if (acceptance.outcome !== 'accepted') return this.replay(acceptance);
    return { accepted: acceptedView(notification), replayed: false };
  }

  async read(app: string, id: string): Promise<NotificationView> {
    const record = await this.record(app, id);
    return notificationView(record, await this.inbox.counts(id, record.partitions ?? []));
  }

  async delivery(app: string, id: string, deviceId: string): Promise<DeliveryView> {
    await this.record(app, id);
    const delivery = await this.inbox.delivery(id, deviceId);
    if (!delivery)
      throw new CarillonError('not-found', `notification ${id} has no delivery for device ${deviceId}`);
    return deliveryView(delivery);
  }

  /** Cancelling again changes nothing. */
  async cancel(app: string, id: string): Promise<NotificationStatusView> {
    await this.record(app, id);
    const before = await this.notifications.cancel(id, Date.now());
    if (before === undefined) throw unknownNotification(id);
    if (before === 'sent') {
      throw new CarillonError('not-cancellable', `notification ${id} is in every inbox already`, {
        extensions: { notificationStatus: before },
      });
    }
    return { id, status: 'cancelled' };
  }

  private async replay({ outcome, id }: Acceptance): Promise<Sent> {
    if (outcome === 'mismatch') throw mismatch();
    const record = await this.notifications.find(id);
    if (!record) throw unknownNotification(id);
    return { accepted: acceptedView(record.notification), replayed: true };
  }

  /** The app's own; another app's is not there. */
  private async record(app: string, id: string): Promise<NotificationRecord> {
    const record = await this.notifications.find(id);
    if (record?.notification.app !== app) throw unknownNotification(id);
    return record;
  }
}

function build(id: string, app: string, request: SendNotification, now: number): Notification {
  const audience = parseAudience(request.audience);
  const content = contentOf(request);
  const at = dueTime(request.at, request.zone, now);
  const ttl = request.ttl ?? DEFAULT_TTL;
  const { collapseKey, transports } = request;
  return {
    ...content,
    id,
    app,
    audience,
    acceptedAt: now,
    at,
    expiresAt: at + (ttl === 0 ? ONLINE_ONLY_GRACE : ttl * 1_000),
    ttl,
    ...(collapseKey && { collapseKey }),
    ...(transports && { transports: [...new Set(transports)] }),
  };
}

const unknownNotification = (id: string): CarillonError =>
  new CarillonError('not-found', `there is no notification ${id}`);
