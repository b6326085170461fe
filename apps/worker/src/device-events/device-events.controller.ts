import { Payload } from '@nestjs/microservices';
import { type DeviceEvent, Inbox } from '@carillon/domain';
import { StreamController, StreamHandler } from '@carillon/queue';
import { PushRequests } from '../webhooks/push-requests.js';
import { FenceWatch } from '../geofences/fence-watch.js';

/** What devices report of themselves becomes receipts and positions. */
@StreamController()
export class DeviceEventsController {
  constructor(
    private readonly inbox: Inbox,
    private readonly fences: FenceWatch,
    private readonly pushRequests: PushRequests,
  ) {}

  @StreamHandler('device-events')
  async handle(@Payload() event: DeviceEvent): Promise<void> {
    const { app, deviceId, at, transport } = event;
    if (event.type === 'location') {
      const { lat, lon } = event;
      return this.fences.place(app, deviceId, { lat, lon, at });
    }
    if (event.type === 'asleep') return this.pushRequests.waiting(app, deviceId, at);
    const { notificationId, type } = event;
    await this.inbox.record([{ app, deviceId, notificationId, state: type, at, transport }]);
  }
}
