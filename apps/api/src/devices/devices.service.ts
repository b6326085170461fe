import { Injectable } from '@nestjs/common';
import { deriveCredentials, newToken } from '@carillon/auth';
import { CarillonError, type Device } from '@carillon/domain';
import {
  type DeviceChanges,
  DeviceRemoval,
  DispatchPublisher,
  EdgeRegistry,
  RedisDevices,
  RedisPresence,
} from '@carillon/persistence';
import { invalidRequest } from '@carillon/process';
import { foreignCursor, type PageQuery } from '../http/page.dto.js';
import { DeviceDataService } from './device-data.service.js';
import { patching, replacing, toPosition } from './device-changes.js';
import { MAX_ATTRIBUTES, type PatchDevice, type PositionFields, type PutDevice } from './device.dto.js';
import {
  type DevicePage,
  type DeviceView,
  deviceView,
  type DeviceWithToken,
  type PositionView,
  positionView,
  type PresenceView,
  presenceView,
  type TokenView,
} from './device.view.js';

const MAX_RACES = 5;
const CURSOR = /^\d{1,4}\.\d{1,20}\.\d{1,9}$/;

@Injectable()
export class DevicesService {
  constructor(
    private readonly devices: RedisDevices,
    private readonly presences: RedisPresence,
    private readonly edges: EdgeRegistry,
    private readonly dispatch: DispatchPublisher,
    private readonly removal: DeviceRemoval,
    private readonly data: DeviceDataService,
  ) {}

  /** @returns with the token when this call created the device */
  async put(app: string, id: string, fields: PutDevice): Promise<DeviceWithToken> {
    const changes = replacing(fields, Date.now());
    const token = await this.write(app, id, changes);
    if (changes.position) await this.data.report(app, id, changes.position);
    const view = deviceView(await this.device(app, id));
    return token === undefined ? view : { ...view, token };
  }

  async patch(app: string, id: string, fields: PatchDevice): Promise<DeviceView> {
    const { attributes } = await this.device(app, id);
    const merged = Object.keys({ ...attributes, ...fields.attributes }).length;
    if (merged > MAX_ATTRIBUTES) {
      const detail = `would make ${merged} attributes; a device has up to ${MAX_ATTRIBUTES}`;
      throw invalidRequest([{ pointer: '/attributes', detail }]);
    }
    const changes = patching(fields, Date.now());
    await this.update(app, id, changes);
    if (changes.position) await this.data.report(app, id, changes.position);
    return this.read(app, id);
  }

  async read(app: string, id: string): Promise<DeviceView> {
    return deviceView(await this.device(app, id));
  }

  async page(app: string, { cursor, limit }: PageQuery): Promise<DevicePage> {
    if (cursor !== undefined && !CURSOR.test(cursor)) throw foreignCursor();
    const { devices, next } = await this.devices.page(app, cursor, limit);
    return { devices: devices.map(deviceView), ...(next !== undefined && { next }) };
  }

  async delete(app: string, id: string): Promise<void> {
    await this.removal.remove(await this.device(app, id));
  }

  /** A new token; whoever is connected by the old one is cut off. */
  async rotateToken(app: string, id: string): Promise<TokenView> {
    await this.device(app, id);
    const token = newToken();
    if (!(await this.devices.rotate(app, id, await deriveCredentials(token)))) throw unknownDevice(id);
    await this.dispatch.revoke(await this.edges.all(), id);
    return { id, token };
  }

  /** No token opens the device any more, until it is given a new one; whoever is connected is cut off. */
  async revokeToken(app: string, id: string): Promise<void> {
    await this.device(app, id);
    if (!(await this.devices.revoke(app, id))) throw unknownDevice(id);
    await this.dispatch.revoke(await this.edges.all(), id);
  }

  async place(app: string, id: string, fields: PositionFields): Promise<PositionView> {
    const position = toPosition(fields, Date.now());
    if (!(await this.data.place(app, id, position))) throw unknownDevice(id);
    return positionView((await this.device(app, id)).position ?? position);
  }

  async presence(app: string, id: string): Promise<PresenceView> {
    await this.device(app, id);
    const [connections, live] = await Promise.all([
      this.presences.connections(id),
      this.edges.live(Date.now()),
    ]);
    return presenceView(
      id,
      connections.filter(({ edgeId }) => live.has(edgeId)),
    );
  }

  /** @returns the token of a device that was created */
  private async write(app: string, id: string, changes: DeviceChanges): Promise<string | undefined> {
    for (let race = 0; race < MAX_RACES; race++) {
      if (await this.devices.update(app, id, changes)) return undefined;
      const token = newToken();
      if (await this.devices.create(app, id, changes, await deriveCredentials(token))) return token;
    }
    throw new CarillonError('unavailable', `device ${id} is being created and deleted by others`, {
      retryAfterSeconds: 1,
    });
  }

  private async update(app: string, id: string, changes: DeviceChanges): Promise<void> {
    await this.device(app, id);
    if (!(await this.devices.update(app, id, changes))) throw unknownDevice(id);
  }

  /** The app's own; another app's is not there. */
  private async device(app: string, id: string): Promise<Device> {
    const device = await this.devices.find(app, id);
    if (!device) throw unknownDevice(id);
    return device;
  }
}

const unknownDevice = (id: string): CarillonError =>
  new CarillonError('not-found', `there is no device ${id}`);
