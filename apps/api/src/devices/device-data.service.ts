import { Injectable } from '@nestjs/common';
import {
  activityByHour,
  CarillonError,
  type Device,
  type DevicePosition,
  formatInstant,
  INBOX_START,
} from '@carillon/domain';
import {
  AccountRecords,
  RedisDevices,
  RedisInbox,
  RedisLists,
  RedisPositions,
  RedisPresence,
  Store,
} from '@carillon/persistence';
import { streamsClient } from '@carillon/process';
import type { ClientRedisStreams } from '@carillon/queue';
import { lastValueFrom } from 'rxjs';
import { deviceView, positionView, presenceView } from './device.view.js';
import type { DeviceExport, TrackView } from './device-export.view.js';

const MAX_INBOX = 1_000;

/** What is kept of a device's whereabouts and of the device as a whole. */
@Injectable()
export class DeviceDataService {
  private readonly events: ClientRedisStreams;

  constructor(
    private readonly devices: RedisDevices,
    private readonly positions: RedisPositions,
    private readonly lists: RedisLists,
    private readonly presence: RedisPresence,
    private readonly inbox: RedisInbox,
    private readonly records: AccountRecords,
    store: Store,
  ) {
    this.events = streamsClient(store);
  }

  /** Takes a position, unless a newer one is known; workers then look at the geofences. @returns false when there is no such device */
  async place(app: string, deviceId: string, position: DevicePosition): Promise<boolean> {
    const { outcome } = await this.positions.place(app, deviceId, position);
    if (outcome === 'placed') await this.report(app, deviceId, position);
    return outcome !== 'unknown';
  }

  /** Tells workers of a position that is written already. */
  async report(app: string, deviceId: string, { lat, lon, at }: DevicePosition): Promise<void> {
    const event = { type: 'location', app, deviceId, lat, lon, at, transport: 'rest' } as const;
    await lastValueFrom(this.events.emit('device-events', event), { defaultValue: undefined });
  }

  async track(app: string, id: string): Promise<TrackView> {
    await this.device(app, id);
    return { positions: (await this.positions.track(id)).map(positionView) };
  }

  /** Its last position, former ones and visits to geofences. */
  async forgetPositions(app: string, id: string): Promise<void> {
    await this.device(app, id);
    await this.devices.update(app, id, { position: null });
    await this.positions.forget(id);
  }

  /** @throws CarillonError `not-found` */
  async forgetPushServices(app: string, id: string, service?: string, node?: string): Promise<void> {
    await this.device(app, id);
    await this.records.forgetPushServices(id, service, node);
  }

  async export(app: string, id: string): Promise<DeviceExport> {
    const device = await this.device(app, id);
    const [track, visits, lists, connections, inbox, records] = await Promise.all([
      this.positions.track(id),
      this.positions.visits(id),
      this.lists.naming(app, id),
      this.presence.connections(id),
      this.inbox.read(id, INBOX_START, MAX_INBOX),
      this.records.all(id),
    ]);
    return {
      device: deviceView(device),
      positions: track.map(positionView),
      activityByHour: activityByHour(device.activity ?? ''),
      visits: visits.map(({ fenceId, since }) => ({ geofence: fenceId, since: formatInstant(since) })),
      lists,
      connections: presenceView(id, connections).connections,
      inbox: inbox.map(({ notificationId }) => notificationId),
      records,
    };
  }

  private async device(app: string, id: string): Promise<Device> {
    const device = await this.devices.find(app, id);
    if (!device) throw new CarillonError('not-found', `there is no device ${id}`);
    return device;
  }
}
