import {
  type DevicePosition,
  type FenceTrigger,
  FENCE_TRIGGERS,
  type Geofence,
  indexedPosition,
  type Visit,
} from '@carillon/domain';
import { runScript } from '@carillon/redis';
import { resultsOf, type Store } from '../store.js';

/** Former positions that are kept of a device that asks for it, and for how long after the last, s. */
export const MAX_TRACK = 1_000;
export const TRACK_RETENTION = 30 * 86_400;

/** `visits` are the fences that a device is in; `caps` are counts by fence. */
interface Stand {
  readonly visits: readonly Visit[];
  readonly caps: ReadonlyMap<string, CapCount>;
}

/** With what was known before. */
export type Placing = { readonly outcome: 'unknown' | 'old' } | ({ readonly outcome: 'placed' } & Stand);

/** How often a fence has sent something to a device since a time, ms since 1970. */
export interface CapCount {
  readonly since: number;
  readonly count: number;
}

/** Where devices are and were, and which fences they are in: of each device in its own partition. */
export class RedisPositions {
  constructor(private readonly store: Store) {}

  /**
   * Reports may overtake one another: the newest place stands. One round trip.
   * @param lateness how much older than the newest one it may be, ms, to be looked at all the same where no later one has begun or ended a visit
   */
  async place(app: string, deviceId: string, position: DevicePosition, lateness = 0): Promise<Placing> {
    const { client, keys } = this.store;
    const partition = this.store.partitionOf(deviceId);
    const indexed = indexedPosition(position);
    const [outcome, ...fields] = await runScript<['unknown' | 'old' | 'placed', ...string[]]>(
      client,
      'place-device',
      [
        keys.device(partition, deviceId),
        keys.positions(partition, app),
        keys.track(partition, deviceId),
        keys.visits(partition, deviceId),
      ],
      [
        app,
        deviceId,
        position.lat,
        position.lon,
        indexed.lat,
        indexed.lon,
        position.at,
        MAX_TRACK,
        TRACK_RETENTION,
        lateness,
      ],
    );
    return outcome === 'placed' ? { outcome, ...parseVisits(fields) } : { outcome };
  }

  /** Newest first. */
  async track(deviceId: string): Promise<DevicePosition[]> {
    const { client, keys } = this.store;
    const rows = await client.lrange(keys.track(this.store.partitionOf(deviceId), deviceId), 0, -1);
    return rows.map((row) => {
      const [at, lat, lon] = row.split(',').map(Number) as [number, number, number];
      return { lat, lon, at };
    });
  }

  async visits(deviceId: string): Promise<readonly Visit[]> {
    const { client, keys } = this.store;
    const fields = await client.hgetall(keys.visits(this.store.partitionOf(deviceId), deviceId));
    return parseVisits(Object.entries(fields).flat()).visits;
  }

  async caps(deviceId: string): Promise<ReadonlyMap<string, CapCount>> {
    const { client, keys } = this.store;
    const fields = await client.hgetall(keys.visits(this.store.partitionOf(deviceId), deviceId));
    return parseVisits(Object.entries(fields).flat()).caps;
  }

  /** Where the device is by the newest position, and the fences that it is in; undefined without a position. */
  async stand(deviceId: string): Promise<(Stand & { readonly position: DevicePosition }) | undefined> {
    const { client, keys } = this.store;
    const partition = this.store.partitionOf(deviceId);
    const replies = await client
      .multi()
      .hmget(keys.device(partition, deviceId), 'lat', 'lon', 'positionAt')
      .hgetall(keys.visits(partition, deviceId))
      .exec();
    const [[lat, lon, at], fields] = resultsOf(replies) as [(string | null)[], Record<string, string>];
    if (at === null || at === undefined) return undefined;
    return {
      position: { lat: Number(lat), lon: Number(lon), at: Number(at) },
      ...parseVisits(Object.entries(fields).flat()),
    };
  }

  /** Forgets former positions and visits. */
  async forget(deviceId: string): Promise<void> {
    const { client, keys } = this.store;
    const partition = this.store.partitionOf(deviceId);
    await client.del(keys.track(partition, deviceId), keys.visits(partition, deviceId));
  }

  /** @returns when the visit began that stands; undefined when the device is gone, or a newer position has begun or ended a visit */
  begin(deviceId: string, fence: Geofence, since: number): Promise<number | undefined> {
    const long = fence.triggers.includes('dwell') ? since + fence.dwellSeconds * 1_000 : '';
    return this.mark(deviceId, fence.id, { change: 'begin', since, at: since, long });
  }

  note(
    deviceId: string,
    fenceId: string,
    since: number,
    trigger: FenceTrigger,
    cap?: CapCount,
  ): Promise<number | undefined> {
    return this.mark(deviceId, fenceId, { change: 'note', since, at: since, trigger, cap });
  }

  /** @param at when the position was taken that shows that it has left, ms since 1970 */
  end(
    deviceId: string,
    fenceId: string,
    since: number,
    at: number,
    cap?: CapCount,
  ): Promise<number | undefined> {
    return this.mark(deviceId, fenceId, { change: 'end', since, at, cap });
  }

  /** Visits that have become long, and are to be looked at. */
  async longVisits(
    partition: number,
    now: number,
    limit: number,
  ): Promise<{ deviceId: string; fenceId: string }[]> {
    const { client, keys } = this.store;
    const members = await client.zrangebyscore(keys.longVisits(partition), '-inf', now, 'LIMIT', 0, limit);
    return members.map((member) => {
      const space = member.indexOf(' ');
      return { deviceId: member.slice(0, space), fenceId: member.slice(space + 1) };
    });
  }

  async dropLongVisit(partition: number, deviceId: string, fenceId: string): Promise<void> {
    await this.store.client.zrem(this.store.keys.longVisits(partition), `${deviceId} ${fenceId}`);
  }

  private async mark(
    deviceId: string,
    fenceId: string,
    { change, since, at, trigger = '', long = '', cap }: Mark,
  ): Promise<number | undefined> {
    const { client, keys } = this.store;
    const partition = this.store.partitionOf(deviceId);
    const stands = await runScript<string>(
      client,
      'mark-visit',
      [keys.visits(partition, deviceId), keys.longVisits(partition), keys.device(partition, deviceId)],
      [
        deviceId,
        fenceId,
        change,
        since,
        trigger,
        long,
        `${CAP}${fenceId}`,
        cap ? `${cap.since},${cap.count}` : '',
        at,
      ],
    );
    return stands === '' ? undefined : Number(stands);
  }
}

interface Mark {
  readonly change: 'begin' | 'note' | 'end';
  readonly since: number;
  readonly at: number;
  readonly trigger?: FenceTrigger | '';
  readonly long?: number | '';
  readonly cap?: CapCount | undefined;
}

/** Fields of caps stand beside those of visits; no fence's id begins so. */
const CAP = 'c:';

function parseVisits(fields: readonly string[]): { visits: Visit[]; caps: Map<string, CapCount> } {
  const visits: Visit[] = [];
  const caps = new Map<string, CapCount>();
  for (let i = 0; i < fields.length; i += 2) {
    const [field, value] = [fields[i]!, fields[i + 1]!];
    const [since, ...rest] = value.split(',');
    if (field.startsWith(CAP))
      caps.set(field.slice(CAP.length), { since: Number(since), count: Number(rest[0]) });
    else
      visits.push({
        fenceId: field,
        since: Number(since),
        fired: FENCE_TRIGGERS.filter((each) => rest.includes(each)),
      });
  }
  return { visits, caps };
}
