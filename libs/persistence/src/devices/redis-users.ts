import type { Store } from '../store.js';

/**
 * Which devices and groups a user has, kept in the partition of the user's id. The devices are a superset: an entry is made
 * before the device's record says so and removed after, so whoever reads it checks the record.
 */
export class RedisUsers {
  constructor(private readonly store: Store) {}

  async addDevice(app: string, user: string, deviceId: string): Promise<void> {
    await this.store.client.sadd(this.devicesKey(app, user), deviceId);
    await this.enlist(app, user, deviceId);
  }

  /** Uploaded lists that name the user have the device from now on. */
  private async enlist(app: string, user: string, deviceId: string): Promise<void> {
    const { client, keys } = this.store;
    const partition = this.store.partitionOf(user);
    const lists = await client.smembers(keys.listsWithUsers(partition, app));
    const own = this.store.partitionOf(deviceId);
    await Promise.all(
      lists.map(async (list) => {
        const isListed = await client.sismember(keys.listUsers(partition, app, list), user);
        if (isListed === 1) await client.sadd(keys.listByUser(own, app, list), deviceId);
      }),
    );
  }

  /** Ids that may be devices of the user: their records decide. */
  candidates(app: string, user: string): Promise<string[]> {
    return this.store.client.smembers(this.devicesKey(app, user));
  }

  forgetDevice(app: string, user: string, deviceId: string): Promise<unknown> {
    return this.store.client.srem(this.devicesKey(app, user), deviceId);
  }

  /** Ids of devices that belong to the user, as their records say. */
  async devices(app: string, user: string): Promise<string[]> {
    const candidates = await this.store.client.smembers(this.devicesKey(app, user));
    const owners = await Promise.all(candidates.map((id) => this.owner(id)));
    return candidates.filter((_, i) => owners[i]?.[0] === app && owners[i]?.[1] === user);
  }

  groups(app: string, user: string): Promise<string[]> {
    return this.store.client.smembers(this.groupsKey(app, user));
  }

  joinGroup(app: string, user: string, group: string): Promise<unknown> {
    return this.store.client.sadd(this.groupsKey(app, user), group);
  }

  leaveGroup(app: string, user: string, group: string): Promise<unknown> {
    return this.store.client.srem(this.groupsKey(app, user), group);
  }

  private owner(deviceId: string): Promise<(string | null)[]> {
    const { client, keys } = this.store;
    return client.hmget(keys.device(this.store.partitionOf(deviceId), deviceId), 'app', 'user');
  }

  private devicesKey(app: string, user: string): string {
    return this.store.keys.userDevices(this.store.partitionOf(user), app, user);
  }

  private groupsKey(app: string, user: string): string {
    return this.store.keys.userGroups(this.store.partitionOf(user), app, user);
  }
}
