import { Payload } from '@nestjs/microservices';
import { type DeviceEvent, Inbox } from '@carillon/domain';
import { RedisDevices } from '@carillon/persistence';
import { StreamController, StreamHandler } from '@carillon/queue';

/** What devices report of themselves becomes receipts and positions. */
@StreamController()
export class DeviceEventsController {
  constructor(
    private readonly inbox: Inbox,
    private readonly devices: RedisDevices,
  ) {}

  @StreamHandler('device-events')
  async handle(@Payload() event: DeviceEvent): Promise<void> {
    const { app, deviceId, at, transport } = event;
    if (event.type === 'location') return this.place(event);
    const { notificationId, type } = event;
    await this.inbox.record([{ app, deviceId, notificationId, state: type, at, transport }]);
  }

  /** Reports may overtake one another: the newest place stands. */
  private async place({
    app,
    deviceId,
    lat,
    lon,
    at,
  }: Extract<DeviceEvent, { type: 'location' }>): Promise<void> {
    const device = await this.devices.find(app, deviceId);
    if (!device || (device.position && device.position.at > at)) return;
    await this.devices.update(app, deviceId, { position: { lat, lon, at } });
  }
}
