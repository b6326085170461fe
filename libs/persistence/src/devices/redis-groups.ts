import type { Store } from '../store.js';
import { MEMBER_ITSELF } from './device-record.js';
import type { RedisDevices } from './redis-devices.js';
import type { RedisUsers } from './redis-users.js';

export type GroupMember = { readonly user: string } | { readonly device: string };

/**
 * Groups of users and devices. What the business said (users and devices by name) is kept with the group; what it means
 * for each device is kept with the device, so that a fan-out reads one set per partition.
 */
export class RedisGroups {
  constructor(
    private readonly store: Store,
    private readonly users: RedisUsers,
    private readonly devices: RedisDevices,
  ) {}

  /** Adding a member again changes nothing; a user or device may be named before it exists only if it is a user. */
  async add(app: string, group: string, member: GroupMember): Promise<boolean> {
    if ('device' in member) return this.addDevice(app, group, member.device);
    await this.store.client.zadd(this.key(app, group), 0, encode(member));
    await this.users.joinGroup(app, member.user, group);
    await this.syncUser(app, member.user);
    return true;
  }

  async remove(app: string, group: string, member: GroupMember): Promise<boolean> {
    const removed = await this.store.client.zrem(this.key(app, group), encode(member));
    if ('device' in member) {
      await this.devices.regroup(app, member.device, new Map(), new Map([[group, MEMBER_ITSELF]]));
    } else {
      await this.users.leaveGroup(app, member.user, group);
      await this.syncUser(app, member.user);
    }
    return removed === 1;
  }

  /** Members in a fixed order; `after` is the last one of the page before. */
  async members(app: string, group: string, after: string | undefined, limit: number): Promise<string[]> {
    const from = after === undefined ? '-' : `(${after}`;
    return this.store.client.zrangebylex(this.key(app, group), from, '+', 'LIMIT', 0, limit);
  }

  size(app: string, group: string): Promise<number> {
    return this.store.client.zcard(this.key(app, group));
  }

  /** Every member goes; an interrupted run is finished by the next. */
  async delete(app: string, group: string): Promise<boolean> {
    let existed = false;
    for (;;) {
      const page = await this.members(app, group, undefined, 500);
      if (page.length === 0) return existed;
      existed = true;
      for (const member of page) await this.remove(app, group, decodeMember(member));
    }
  }

  private async addDevice(app: string, group: string, device: string): Promise<boolean> {
    const known = await this.devices.regroup(app, device, new Map([[group, MEMBER_ITSELF]]), new Map());
    if (known) await this.store.client.zadd(this.key(app, group), 0, encode({ device }));
    return known;
  }

  private async syncUser(app: string, user: string): Promise<void> {
    const devices = await this.users.devices(app, user);
    await Promise.all(devices.map((device) => this.devices.syncUserGroups(app, user, device)));
  }

  private key(app: string, group: string): string {
    return this.store.keys.groupMembers(this.store.partitionOf(group), app, group);
  }
}

const encode = (member: GroupMember): string =>
  'user' in member ? `user:${member.user}` : `device:${member.device}`;

export function decodeMember(stored: string): GroupMember {
  const name = stored.slice(stored.indexOf(':') + 1);
  return stored.startsWith('user:') ? { user: name } : { device: name };
}
