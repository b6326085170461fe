import { Injectable } from '@nestjs/common';
import { RedisDevices, RedisUsers } from '@carillon/persistence';
import { DevicePage, deviceView } from '../devices/device.view.js';
import type { PageQuery } from '../http/page.dto.js';

@Injectable()
export class UsersService {
  constructor(
    private readonly users: RedisUsers,
    private readonly devices: RedisDevices,
  ) {}

  /** By id; the cursor is the last id of the page before. A user without devices is not told from one that is unknown. */
  async devicesOf(app: string, user: string, { cursor = '', limit }: PageQuery): Promise<DevicePage> {
    const ids = (await this.users.devices(app, user)).filter((id) => id > cursor).sort();
    const page = ids.slice(0, limit);
    const devices = await Promise.all(page.map((id) => this.devices.find(app, id)));
    return {
      devices: devices.filter((device) => device !== undefined).map(deviceView),
      ...(ids.length > limit && { next: page.at(-1)! }),
    };
  }
}
