import {
  CarillonError,
  indexedPosition,
  type AttributeValue,
  type Device,
  type DeviceCredentials,
  DeviceDirectory,
  type DevicePosition,
  type KnownDevice,
} from '@carillon/domain';
import { runScript } from '@carillon/redis';
import type { Store } from '../store.js';
import {
  CREDENTIAL_FIELDS,
  credentialFields,
  type DeviceFields,
  LOGIN_FIELDS,
  MEMBER_BY_USER,
  named,
  toDevice,
  toLogin,
} from './device-record.js';
import type { RedisUsers } from './redis-users.js';

/** What a caller may set; null takes a value away, undefined leaves it as it is. */
export interface DeviceChanges {
  readonly user?: string | null;
  readonly platform?: string | null;
  readonly locale?: string | null;
  readonly appVersion?: string | null;
  /** IANA. */
  readonly timeZone?: string | null;
  readonly tags?: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** Single attributes; the others stay. */
  readonly attributePatch?: Readonly<Record<string, AttributeValue | null>>;
  readonly autoSubscribe?: boolean;
  /** Keep former positions. */
  readonly keepPositions?: boolean;
  readonly position?: DevicePosition | null;
  /** For a new device alone. */
  readonly selfRegistered?: true;
}

/** A group and why the device belongs to it, as bits; 0 = it does not. */
export type GroupBits = ReadonlyMap<string, number>;

interface DeviceWrite {
  readonly changes: DeviceChanges;
  /** null: the device cannot log in any more. */
  readonly credentials?: DeviceCredentials | null;
  readonly groups?: GroupBits;
}

const MAX_ATTEMPTS = 20;

/**
 * Device records with the sets that find them (all, tags, groups, positions), written together and atomically. A write is
 * optimistic: it is computed from the record as read, and done only if that still stands. A device that goes to another owner
 * leaves its inbox behind: the same step purges it, with a receipt each.
 */
export class RedisDevices extends DeviceDirectory {
  constructor(
    private readonly store: Store,
    private readonly users: RedisUsers,
    /** Tells the edges that a device has another owner: hints of entries up to this place are void. */
    private readonly tellMoved: (deviceId: string, upTo: number) => Promise<void>,
  ) {
    super();
  }

  async find(app: string, id: string): Promise<Device | undefined> {
    const fields = await this.fields(id);
    return fields?.app === app ? toDevice(id, fields) : undefined;
  }

  async login(id: string): Promise<KnownDevice | undefined> {
    const row = await this.store.client.hmget(this.key(id), ...LOGIN_FIELDS);
    if (row[0] === null || row[3] === null) return undefined;
    const fields = LOGIN_FIELDS.flatMap((name, i) => (row[i] === null ? [] : [[name, row[i]]]));
    return toLogin(id, Object.fromEntries(fields) as DeviceFields);
  }

  /**
   * Creates a device; the credentials are for a new one alone.
   * @returns the device as it stands and whether this call created it
   * @throws CarillonError `conflict` when the id belongs to another app
   */
  async create(
    app: string,
    id: string,
    changes: DeviceChanges,
    credentials: DeviceCredentials,
  ): Promise<boolean> {
    return this.write(app, id, { changes, credentials }, true);
  }

  /** @returns false when there is no such device */
  async update(app: string, id: string, changes: DeviceChanges): Promise<boolean> {
    return this.write(app, id, { changes }, false);
  }

  /** Changes what `compute` says of the device as it stands; undefined changes nothing. @returns false when there is no such device */
  async revise(
    app: string,
    id: string,
    compute: (device: Device) => DeviceChanges | undefined,
  ): Promise<boolean> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const fields = await this.fields(id);
      if (!fields || fields.app !== app) return false;
      const changes = compute(toDevice(id, fields));
      if (!changes) return true;
      await this.announceUser(app, id, changes.user);
      if (await this.attempt(app, id, fields, { changes })) return true;
    }
    throw busy(id);
  }

  /** Replaces a device's token. @returns false when there is no such device */
  async rotate(app: string, id: string, credentials: DeviceCredentials): Promise<boolean> {
    return this.write(app, id, { changes: {}, credentials }, false);
  }

  /** Takes a device's token away; it gets a new one by `rotate`. @returns false when there is no such device */
  async revoke(app: string, id: string): Promise<boolean> {
    return this.write(app, id, { changes: {}, credentials: null }, false);
  }

  /** Replaces a device's credentials if they are still those of `before`. @returns false when they are not, or the device is gone */
  async replaceCredentials(
    app: string,
    id: string,
    before: Pick<DeviceCredentials, 'tokenHash'>,
    credentials: DeviceCredentials,
  ): Promise<boolean> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const fields = await this.fields(id);
      if (fields?.app !== app || fields.token !== before.tokenHash) return false;
      if (await this.tryWrite(app, id, fields, { changes: {}, credentials })) return true;
    }
    throw busy(id);
  }

  /** Sets or clears bits of a device's memberships. @returns false when there is no such device */
  async regroup(app: string, id: string, set: GroupBits, clear: GroupBits): Promise<boolean> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const fields = await this.fields(id);
      if (!fields || fields.app !== app) return false;
      const groups = new Map<string, number>();
      for (const [name, bits] of set) groups.set(name, groupBits(fields, name) | bits);
      for (const [name, bits] of clear)
        groups.set(name, (groups.get(name) ?? groupBits(fields, name)) & ~bits);
      if (await this.tryWrite(app, id, fields, { changes: {}, groups })) return true;
    }
    throw busy(id);
  }

  /** Closes nothing and purges nothing: an inbox that is not empty stops it. */
  async delete(app: string, id: string): Promise<'deleted' | 'inbox' | 'unknown'> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const fields = await this.fields(id);
      if (!fields || fields.app !== app) return 'unknown';
      const outcome = await this.tryDelete(app, id, fields);
      if (outcome === 'inbox') return 'inbox';
      if (outcome === 'deleted') {
        if (fields.user !== undefined) await this.users.forgetDevice(app, fields.user, id);
        return 'deleted';
      }
    }
    throw busy(id);
  }

  /** A page of an app's devices in no particular order; the cursor is opaque. */
  async page(
    app: string,
    cursor: string | undefined,
    limit: number,
  ): Promise<{ devices: Device[]; next?: string }> {
    let { partition, scan, skip } = parseCursor(cursor);
    const ids: string[] = [];
    while (ids.length < limit && partition < this.store.keys.partitions) {
      const key = this.store.keys.allDevices(partition, app);
      const [next, found] = await this.store.client.sscan(key, scan, 'COUNT', limit);
      // A small set comes whole, whatever COUNT says: the rest of it is for the next page.
      const room = limit - ids.length;
      ids.push(...found.slice(skip, skip + room));
      const isRest = found.length > skip + room;
      skip = isRest ? skip + room : 0;
      scan = isRest ? scan : next;
      if (scan === '0' && !isRest) partition++;
    }
    const devices = await Promise.all(ids.map((id) => this.find(app, id)));
    return {
      devices: devices.filter((device) => device !== undefined),
      ...(partition < this.store.keys.partitions && { next: `${partition}.${scan}.${skip}` }),
    };
  }

  private async write(app: string, id: string, write: DeviceWrite, create: boolean): Promise<boolean> {
    await this.announceUser(app, id, write.changes.user);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const fields = await this.fields(id);
      if (fields && fields.app !== app)
        throw new CarillonError('conflict', `device id ${id} is in use by another app`);
      if (create ? fields : !fields) return false;
      if (await this.attempt(app, id, fields ?? {}, write)) return true;
    }
    throw busy(id);
  }

  /** First the directory, then the record: the directory names every device of a user, at worst one too many. */
  private async announceUser(app: string, id: string, user: string | null | undefined): Promise<void> {
    if (typeof user === 'string') await this.users.addDevice(app, user, id);
  }

  /** @returns false when the record has changed since `fields` was read */
  private async attempt(app: string, id: string, fields: DeviceFields, write: DeviceWrite): Promise<boolean> {
    const { user } = write.changes;
    const groups = await this.groupsFor(app, fields, user);
    const done = await this.tryWrite(app, id, fields, { ...write, groups });
    if (done) await this.settleUser(app, id, fields.user, user);
    return done;
  }

  /** A new owner brings its groups along, and the former one's go. */
  private async groupsFor(
    app: string,
    fields: DeviceFields,
    user: string | null | undefined,
  ): Promise<GroupBits | undefined> {
    if (user === undefined) return undefined;
    const mine = user === null ? [] : await this.users.groups(app, user);
    const bits = new Map<string, number>();
    for (const [name, value] of named(fields, 'g:')) bits.set(name, Number(value) & ~MEMBER_BY_USER);
    for (const name of mine) bits.set(name, (bits.get(name) ?? 0) | MEMBER_BY_USER);
    return bits;
  }

  /** After the record: forget the former owner, and catch up with memberships that changed while it was written. */
  private async settleUser(
    app: string,
    id: string,
    before: string | undefined,
    after: string | null | undefined,
  ): Promise<void> {
    if (after === undefined) return;
    if (before !== undefined && before !== after) await this.users.forgetDevice(app, before, id);
    if (after !== null) await this.syncUserGroups(app, after, id);
  }

  /** Makes a device's memberships by its user equal to the user's own. */
  async syncUserGroups(app: string, user: string, id: string): Promise<void> {
    const groups = new Set(await this.users.groups(app, user));
    const fields = await this.fields(id);
    if (!fields || fields.app !== app || fields.user !== user) return;
    const has = named(fields, 'g:').filter(([, bits]) => Number(bits) & MEMBER_BY_USER);
    const stale = has.map(([name]) => name).filter((name) => !groups.has(name));
    const missing = [...groups].filter((name) => !(groupBits(fields, name) & MEMBER_BY_USER));
    if (stale.length + missing.length === 0) return;
    const bit = (name: string): [string, number] => [name, MEMBER_BY_USER];
    await this.regroup(app, id, new Map(missing.map(bit)), new Map(stale.map(bit)));
  }

  private async fields(id: string): Promise<DeviceFields | undefined> {
    const fields = await this.store.client.hgetall(this.key(id));
    return fields.app === undefined ? undefined : fields;
  }

  private key(id: string): string {
    return this.store.keys.device(this.store.partitionOf(id), id);
  }

  private async tryWrite(
    app: string,
    id: string,
    fields: DeviceFields,
    write: DeviceWrite,
  ): Promise<boolean> {
    const { client, keys } = this.store;
    const partition = this.store.partitionOf(id);
    const inbox = keys.inbox(partition, id);
    const { set, remove } = fieldChanges(app, fields, write);
    const sets = setChanges(fields, set, remove);
    const key = (field: string): string =>
      field.startsWith('t:')
        ? keys.tag(partition, app, field.slice(2))
        : keys.groupDevices(partition, app, field.slice(2));
    const join = [keys.allDevices(partition, app), ...sets.join.map(key)];
    const position = write.changes.position && indexedPosition(write.changes.position);
    const moves = changesHands(fields, write.changes);
    const purged = moves ? await client.zrange(inbox, '0', '-1') : [];
    const upTo = await runScript<string>(
      client,
      'write-device',
      [
        keys.device(partition, id),
        keys.positions(partition, app),
        inbox,
        keys.collapse(partition, id),
        keys.sequence(partition),
        keys.held(partition),
        keys.receipts(partition),
        keys.account(partition, id),
        keys.movedDevices(partition),
        keys.pushDevices(partition),
        ...join,
        ...sets.leave.map(key),
        ...purged.map((notificationId) => keys.deliveries(partition, notificationId)),
      ],
      [
        fields.rev ?? '',
        id,
        join.length,
        sets.leave.length,
        position?.lon ?? '',
        position?.lat ?? '',
        position === null ? '1' : '0',
        moves ? Date.now().toString(36) : '',
        app,
        remove.length,
        purged.length,
        ...remove,
        ...purged,
        ...Object.entries(set).flat(),
      ],
    );
    if (moves && upTo !== '') await this.tellMoved(id, Number(upTo));
    return upTo !== '';
  }

  private tryDelete(app: string, id: string, fields: DeviceFields): Promise<string> {
    const { client, keys } = this.store;
    const partition = this.store.partitionOf(id);
    return runScript(
      client,
      'delete-device',
      [
        keys.device(partition, id),
        keys.positions(partition, app),
        keys.inbox(partition, id),
        keys.collapse(partition, id),
        keys.online(partition),
        keys.held(partition),
        keys.track(partition, id),
        keys.visits(partition, id),
        keys.account(partition, id),
        keys.movedDevices(partition),
        keys.pushDevices(partition),
        keys.allDevices(partition, app),
        ...named(fields, 't:').map(([tag]) => keys.tag(partition, app, tag)),
        ...named(fields, 'g:').map(([group]) => keys.groupDevices(partition, app, group)),
      ],
      [fields.rev!, id],
    );
  }
}

/** Whether what waits for the device was meant for somebody else. */
const changesHands = ({ user: former }: DeviceFields, { user }: DeviceChanges): boolean =>
  former !== undefined && user !== undefined && user !== former;

const busy = (id: string): CarillonError =>
  new CarillonError('unavailable', `device ${id} is being changed by others; try again`, {
    retryAfterSeconds: 1,
  });

const groupBits = (fields: DeviceFields, name: string): number => Number(fields[`g:${name}`] ?? 0);

const parseCursor = (cursor: string = '0.0.0'): { partition: number; scan: string; skip: number } => {
  const [partition, scan = '0', skip] = cursor.split('.');
  return { partition: Number(partition), scan, skip: Number(skip) };
};

/** The fields to write and those to take away. */
function fieldChanges(
  app: string,
  before: DeviceFields,
  { changes, credentials, groups }: DeviceWrite,
): { set: Record<string, string>; remove: string[] } {
  const now = String(Date.now());
  const set: Record<string, string> = { app, createdAt: before.createdAt ?? now, updatedAt: now };
  const remove: string[] = [];
  const value = (field: string, to: string | null | undefined): void => {
    if (to === null) remove.push(field);
    else if (to !== undefined) set[field] = to;
  };
  value('user', changes.user);
  value('platform', changes.platform);
  value('locale', changes.locale);
  value('appVersion', changes.appVersion);
  value('timeZone', changes.timeZone);
  value('track', changes.keepPositions === undefined ? undefined : changes.keepPositions ? '1' : null);
  value('self', changes.selfRegistered && '1');
  value('autoSubscribe', changes.autoSubscribe === undefined ? undefined : changes.autoSubscribe ? '1' : '0');
  for (const field of ['lat', 'lon'] as const)
    value(
      field,
      optional(changes.position, (at) => String(at[field])),
    );
  value(
    'positionAt',
    optional(changes.position, ({ at }) => String(at)),
  );
  // Visits are forgotten with the position: they may begin anew.
  value('fencedAt', changes.position === null ? null : undefined);
  replace(
    't:',
    changes.tags?.map((tag): [string, string] => [tag, '1']),
  );
  replace(
    'a:',
    changes.attributes && Object.entries(changes.attributes).map(([k, v]) => [k, JSON.stringify(v)]),
  );
  for (const [name, attribute] of Object.entries(changes.attributePatch ?? {}))
    value(`a:${name}`, attribute === null ? null : JSON.stringify(attribute));
  for (const [name, bits] of groups ?? []) value(`g:${name}`, bits === 0 ? null : String(bits));
  if (credentials === null) remove.push(...CREDENTIAL_FIELDS);
  else if (credentials) Object.assign(set, credentialFields(credentials));
  return { set, remove };

  function replace(prefix: string, entries: readonly [string, string][] | undefined): void {
    if (!entries) return;
    const names = new Set(entries.map(([name]) => name));
    for (const [name] of named(before, prefix)) if (!names.has(name)) remove.push(prefix + name);
    for (const [name, text] of entries) set[prefix + name] = text;
  }
}

function optional<T>(given: T | null | undefined, text: (given: T) => string): string | null | undefined {
  return given ? text(given) : (given as null | undefined);
}

/** Which sets (by the record's field) the device joins and leaves. */
function setChanges(
  before: DeviceFields,
  set: Readonly<Record<string, string>>,
  remove: readonly string[],
): { join: string[]; leave: string[] } {
  const indexed = (field: string): boolean => field.startsWith('t:') || field.startsWith('g:');
  return {
    join: Object.keys(set).filter((field) => indexed(field) && before[field] === undefined),
    leave: remove.filter(indexed),
  };
}
