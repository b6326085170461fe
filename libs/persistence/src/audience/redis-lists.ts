import { randomBytes } from 'node:crypto';
import type { ChainableCommander } from 'ioredis';
import type { RedisUsers } from '../devices/redis-users.js';
import { byShard, resultsOf, type Store } from '../store.js';

/** An uploaded list of devices and users. `key` names this version of it in the sets. Times are ms since 1970. */
export interface StoredList {
  readonly name: string;
  readonly key: string;
  readonly devices: number;
  readonly users: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export type ListRow = { readonly device: string } | { readonly user: string };

/** What became of a page of rows: true = taken, false = there is no such device. */
export type TakenRows = readonly boolean[];

/** An upload that stops half-way is forgotten after this, s. */
const UNFINISHED_EXPIRY = 86_400;

/**
 * Uploaded lists. Devices stand in their own partition, users in theirs; the devices of listed users stand in a further set of the device's
 * partition, which is a superset: whoever reads it checks the user. A replaced list is a new version that is not seen before it is complete.
 */
export class RedisLists {
  constructor(
    private readonly store: Store,
    private readonly users: RedisUsers,
  ) {}

  async find(app: string, name: string): Promise<StoredList | undefined> {
    return (await this.current(app, [name])).get(name);
  }

  async current(app: string, names: readonly string[]): Promise<Map<string, StoredList>> {
    if (names.length === 0) return new Map();
    const rows = await this.store.client.hmget(this.store.keys.lists(app), ...names);
    return new Map(rows.flatMap((json, i) => (json === null ? [] : [[names[i]!, toList(names[i]!, json)]])));
  }

  /** In the order of their names. */
  async all(app: string): Promise<StoredList[]> {
    const fields = await this.store.client.hgetall(this.store.keys.lists(app));
    return Object.entries(fields)
      .map(([name, json]) => toList(name, json))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Names of the lists that name a device by its id. */
  async naming(app: string, deviceId: string): Promise<string[]> {
    const { client, keys } = this.store;
    const partition = this.store.partitionOf(deviceId);
    const lists = await this.all(app);
    const named = await Promise.all(
      lists.map(({ key }) => client.sismember(keys.listDevices(partition, app, key), deviceId)),
    );
    return lists.filter((_, i) => named[i] === 1).map(({ name }) => name);
  }

  /** A device that is erased leaves every list. */
  async forgetDevice(app: string, deviceId: string): Promise<void> {
    const { client, keys } = this.store;
    const partition = this.store.partitionOf(deviceId);
    const lists = await this.all(app);
    await Promise.all(
      lists.flatMap(({ key }) => [
        client.srem(keys.listDevices(partition, app, key), deviceId),
        client.srem(keys.listByUser(partition, app, key), deviceId),
      ]),
    );
  }

  /** The key of a new version, in which nothing is yet. */
  newKey = (name: string): string => `${name}:${randomBytes(6).toString('hex')}`;

  /** Adds a page of rows to a version; `lasting` where it is published already. */
  async add(app: string, key: string, rows: readonly ListRow[], lasting: boolean): Promise<TakenRows> {
    const taken = rows.map(() => true);
    await Promise.all([
      this.addDevices(app, key, rows, lasting, taken),
      this.addUsers(app, key, rows, lasting),
    ]);
    return taken;
  }

  /** Makes a complete version the list; the version before is forgotten. */
  async publish(app: string, name: string, key: string, now: number): Promise<StoredList> {
    const before = await this.find(app, name);
    const [devices, users] = await this.count(app, key);
    const list: StoredList = {
      name,
      key,
      devices,
      users,
      createdAt: before?.createdAt ?? now,
      updatedAt: now,
    };
    await this.eachPartition(app, key, (pipeline, sets) => sets.forEach((set) => pipeline.persist(set)));
    await this.store.client.hset(
      this.store.keys.lists(app),
      name,
      JSON.stringify({ ...list, name: undefined }),
    );
    if (before && before.key !== key) await this.discard(app, before.key);
    return list;
  }

  async delete(app: string, name: string): Promise<boolean> {
    const list = await this.find(app, name);
    if (!list) return false;
    await this.store.client.hdel(this.store.keys.lists(app), name);
    await this.discard(app, list.key);
    return true;
  }

  /** Takes away all that is kept of a version. */
  async discard(app: string, key: string): Promise<void> {
    await this.eachPartition(app, key, (pipeline, sets, partition) => {
      pipeline.srem(this.store.keys.listsWithUsers(partition, app), key);
      for (const set of sets) pipeline.unlink(set);
    });
  }

  private async addDevices(
    app: string,
    key: string,
    rows: readonly ListRow[],
    lasting: boolean,
    taken: boolean[],
  ): Promise<void> {
    const named = rows.flatMap((row, i) => ('device' in row ? [{ id: row.device, i }] : []));
    const partitions = byShard(named, ({ id }) => this.store.partitionOf(id));
    await Promise.all(
      [...partitions].map(async ([partition, own]) => {
        const { client, keys } = this.store;
        const known = await client.smismember(keys.allDevices(partition, app), ...own.map(({ id }) => id));
        own.forEach(({ i }, k) => (taken[i] = known[k] === 1));
        const found = own.filter((_, k) => known[k] === 1).map(({ id }) => id);
        if (found.length > 0) await this.addTo(keys.listDevices(partition, app, key), found, lasting);
      }),
    );
  }

  /** First the users, then their devices: a device that gets its user meanwhile finds the list by itself. */
  private async addUsers(
    app: string,
    key: string,
    rows: readonly ListRow[],
    lasting: boolean,
  ): Promise<void> {
    const { client, keys } = this.store;
    const users = rows.flatMap((row) => ('user' in row ? [row.user] : []));
    const partitions = byShard(users, (user) => this.store.partitionOf(user));
    await Promise.all(
      [...partitions].map(async ([partition, own]) => {
        await client.sadd(keys.listsWithUsers(partition, app), key);
        await this.addTo(keys.listUsers(partition, app, key), own, lasting);
      }),
    );
    const devices = (await Promise.all(users.map((user) => this.users.candidates(app, user)))).flat();
    await this.addOwned(app, key, devices, lasting);
  }

  private async addOwned(
    app: string,
    key: string,
    devices: readonly string[],
    lasting: boolean,
  ): Promise<void> {
    const partitions = byShard(devices, (id) => this.store.partitionOf(id));
    await Promise.all(
      [...partitions].map(([partition, own]) =>
        this.addTo(this.store.keys.listByUser(partition, app, key), own, lasting),
      ),
    );
  }

  /** A new set of a version that is not published goes by itself, unless it is. */
  private async addTo(set: string, members: readonly string[], lasting: boolean): Promise<void> {
    const pipeline = this.store.client
      .pipeline()
      .sadd(set, ...members)
      .scard(set);
    const [added, size] = resultsOf(await pipeline.exec()) as [number, number];
    if (!lasting && added === size) await this.store.client.expire(set, UNFINISHED_EXPIRY);
  }

  private async count(app: string, key: string): Promise<[devices: number, users: number]> {
    const { client, keys } = this.store;
    const counts = await Promise.all(
      this.store
        .allPartitions()
        .map((partition) =>
          Promise.all([
            client.scard(keys.listDevices(partition, app, key)),
            client.scard(keys.listUsers(partition, app, key)),
          ]),
        ),
    );
    return counts.reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0] as [number, number]) as [number, number];
  }

  private async eachPartition(
    app: string,
    key: string,
    add: (pipeline: ChainableCommander, sets: string[], partition: number) => void,
  ): Promise<void> {
    const { client, keys } = this.store;
    await Promise.all(
      this.store.allPartitions().map(async (partition) => {
        const pipeline = client.pipeline();
        add(
          pipeline,
          [
            keys.listDevices(partition, app, key),
            keys.listByUser(partition, app, key),
            keys.listUsers(partition, app, key),
          ],
          partition,
        );
        resultsOf(await pipeline.exec());
      }),
    );
  }
}

const toList = (name: string, json: string): StoredList => ({
  name,
  ...(JSON.parse(json) as Omit<StoredList, 'name'>),
});
