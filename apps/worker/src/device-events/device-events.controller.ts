import { Payload } from '@nestjs/microservices';
import { type DeviceEvent, Inbox, OPENED_WEIGHT } from '@carillon/domain';
import { DeviceActivity, RedisDevices } from '@carillon/persistence';
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
    private readonly devices: RedisDevices,
    private readonly activity: DeviceActivity,
  ) {}

  @StreamHandler('device-events')
  async handle(@Payload() event: DeviceEvent): Promise<void> {
    const { app, deviceId, at, transport } = event;
    if (event.type === 'location') {
      const { lat, lon } = event;
      return this.fences.place(app, deviceId, { lat, lon, at });
    }
    if (event.type === 'asleep') return this.pushRequests.waiting(app, deviceId, at);
    if (event.type === 'clock') return this.setClock(app, deviceId, event.timeZone);
    const { notificationId, type } = event;
    await this.inbox.record([{ app, deviceId, notificationId, state: type, at, transport }]);
    if (type === 'opened') await this.activity.note([deviceId], at, OPENED_WEIGHT);
  }

  private async setClock(app: string, deviceId: string, timeZone: string): Promise<void> {
    await this.devices.revise(app, deviceId, (device) =>
      device.timeZone === timeZone ? undefined : { timeZone },
    );
  }
}
