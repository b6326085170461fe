import { Temporal } from 'temporal-polyfill';
import { offsetOf, steadyOffset } from './zone-spans.js';

/** What a clock on a wall shows: milliseconds since 1970-01-01T00:00 as if the wall hung in UTC. Which instant that is depends on the zone. */
export type WallTime = number;

/** Zones span UTC-12 to UTC+14, ms. */
export const EARLIEST_ZONE = 14 * 3_600_000;
export const LATEST_ZONE = 12 * 3_600_000;
/** No clock ever was so far from UTC, ms. */
const FARTHEST = 16 * 3_600_000;

const LOCAL = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?)?$/;

/** The instants at which a clock shows a wall time: one, two where it is set back, none where it is set forward. */
export interface Occurrences {
  readonly instants: readonly number[];
  /** The instant that stands for the wall time where each has exactly one: in a gap so much later as the clock jumps, in an overlap the first. */
  readonly only: number;
  /** No later wall time has an instant before this one. */
  readonly earliest: number;
}

/** An IANA zone (`Europe/Berlin`, `UTC`); offsets and abbreviations that are no zone are refused, for they know no daylight saving. */
export function isTimeZone(zone: unknown): zone is string {
  if (typeof zone !== 'string' || !/^[A-Za-z][A-Za-z0-9_+/-]{1,63}$/.test(zone)) return false;
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
    return true;
  } catch {
    return false;
  }
}

/** What clocks in a zone show. */
export const wallOf = (instant: number, zone: string): WallTime => instant + offsetOf(instant, zone);

/** The one instant of a wall time about which the clock is not set; undefined near a change. */
function plainInstantOf(wall: WallTime, zone: string): number | undefined {
  const offset = steadyOffset(wall - FARTHEST, wall + FARTHEST, zone);
  return offset === undefined ? undefined : wall - offset;
}

export function occurrencesOf(wall: WallTime, zone: string): Occurrences {
  const only = plainInstantOf(wall, zone);
  if (only !== undefined) return { instants: [only], only, earliest: only };
  const plain = plainOf(wall);
  const earlier = plain.toZonedDateTime(zone, { disambiguation: 'earlier' });
  const later = plain.toZonedDateTime(zone, { disambiguation: 'later' });
  const [first, second] = [earlier.epochMilliseconds, later.epochMilliseconds];
  if (first === second) return { instants: [first], only: first, earliest: first };
  const shown = earlier.toPlainDateTime().equals(plain);
  return shown
    ? { instants: [first, second], only: first, earliest: first }
    : { instants: [], only: second, earliest: first };
}

/** The instant of a wall time: in a gap so much later as the clock jumps there, in an overlap the first. */
export const instantOf = (wall: WallTime, zone: string): number =>
  plainInstantOf(wall, zone) ?? plainOf(wall).toZonedDateTime(zone).epochMilliseconds;

/** `2026-12-24`, `2026-12-24T18:00`, `2026-12-24T18:00:30`; undefined for anything else, also for a 30th of February. */
export function parseWallTime(text: string): WallTime | undefined {
  const parts = LOCAL.exec(text);
  if (!parts) return undefined;
  const [year, month, day, hour = 0, minute = 0, second = 0] = parts
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const wall = Date.UTC(
    year!,
    month! - 1,
    day,
    hour,
    minute,
    second,
    Number((parts[7] ?? '').padEnd(3, '0')),
  );
  return formatWallTime(wall).startsWith(text.slice(0, 19)) ? wall : undefined;
}

/** `2026-12-24T18:00:00` */
export const formatWallTime = (wall: WallTime): string => new Date(wall).toISOString().slice(0, 19);

/** `2026-12-24T18:00:00+01:00` */
export function formatInZone(instant: number, zone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(instant)
    .toZonedDateTimeISO(zone)
    .toString({ timeZoneName: 'never', smallestUnit: 'second' });
}

function plainOf(wall: WallTime): Temporal.PlainDateTime {
  return Temporal.Instant.fromEpochMilliseconds(wall).toZonedDateTimeISO('UTC').toPlainDateTime();
}
