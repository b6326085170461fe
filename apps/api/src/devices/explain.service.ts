import { Injectable } from '@nestjs/common';
import { CarillonError, type Device } from '@carillon/domain';
import {
  AudienceResolver,
  type NotificationRecord,
  RedisDevices,
  RedisInbox,
  RedisNotifications,
  RedisPresence,
  Store,
  WaitingDevices,
} from '@carillon/persistence';
import { deliveryStepViews } from '../notifications/notification.view.js';
import { presenceView } from './device.view.js';
import { explain, type Facts, hasArrived } from './explanation.js';
import type { ExplanationView } from './explanation.view.js';

/** Says why a notification has not arrived. */
@Injectable()
export class ExplainService {
  constructor(
    private readonly devices: RedisDevices,
    private readonly notifications: RedisNotifications,
    private readonly inbox: RedisInbox,
    private readonly presence: RedisPresence,
    private readonly audience: AudienceResolver,
    private readonly store: Store,
    private readonly waiting: WaitingDevices,
  ) {}

  async explain(app: string, deviceId: string, notificationId: string): Promise<ExplanationView> {
    const device = await this.devices.find(app, deviceId);
    if (!device) throw new CarillonError('not-found', `there is no device ${deviceId}`);
    const record = await this.notifications.find(notificationId);
    if (record?.notification.app !== app)
      throw new CarillonError(
        'not-found',
        `there is no notification ${notificationId}, or it is too long ago`,
      );
    const facts = await this.facts(device, record);
    const { delivery, connections } = facts;
    return {
      deviceId,
      notificationId,
      arrived: hasArrived(delivery),
      ...(delivery && { state: delivery.state }),
      why: explain(facts),
      steps: deliveryStepViews(delivery?.steps ?? []),
      connections: presenceView(deviceId, connections).connections,
    };
  }

  private async facts({ app, id }: Device, record: NotificationRecord): Promise<Facts> {
    const { id: notificationId, audience } = record.notification;
    const query = await this.audience.open(app, audience, Date.now());
    const [delivery, connections, before, turn, members] = await Promise.all([
      this.inbox.delivery(notificationId, id),
      this.presence.connections(id),
      this.inbox.entriesBefore(id, notificationId),
      this.waiting.turnOf(notificationId, id),
      query.matching(this.store.partitionOf(id), [id]),
    ]);
    return { record, delivery, connections, before, turn, inAudience: members.length > 0 };
  }
}
