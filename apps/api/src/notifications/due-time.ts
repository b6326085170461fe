import {
  CarillonError,
  type DeliverAt,
  firstTime,
  formatInstant,
  instantOf,
  isTimeZone,
  lastTime,
  MAX_SCHEDULE_AHEAD,
  parseDateTime,
} from '@carillon/domain';
import { invalidRequest } from '@carillon/process';

/** So late may a time be and still count as "now", ms: clocks differ, and requests take their time. */
const PAST_TOLERANCE = 60_000;

/**
 * When a notification is due, ms since 1970: `now` for a time that is missing or has just passed.
 * @throws CarillonError `invalid-request` or `time-in-past`
 */
export function dueTime(at: string | null | undefined, zone: string | null | undefined, now: number): number {
  const due = at === undefined || at === null ? withoutTime(zone, now) : requestedTime(at, zone);
  refusePast('/at', due, now);
  refuseFar('/at', due, now);
  return Math.max(due, now);
}

/**
 * When a notification for a day on the devices' own clocks is due, ms since 1970: when that time comes first somewhere.
 * @throws CarillonError `invalid-request`, or `time-in-past` where it has passed everywhere
 */
export function dueDay(
  rule: DeliverAt,
  { at, zone }: { readonly at?: string | null; readonly zone?: string | null },
  now: number,
): number {
  const given = Object.entries({ at, zone }).filter(([, value]) => value !== undefined && value !== null);
  if (given.length > 0)
    throw invalidRequest(
      given.map(([name]) => ({
        pointer: `/${name}`,
        detail: 'stands beside a day in deliverAt: give one of them',
      })),
    );
  const first = firstTime(rule)!;
  refusePast('/deliverAt/date', lastTime(rule)!, now);
  refuseFar('/deliverAt/date', first, now);
  return Math.max(first, now);
}

function refusePast(pointer: string, due: number, now: number): void {
  if (due >= now - PAST_TOLERANCE) return;
  const detail = `lies in the past: ${formatInstant(due)} is before ${formatInstant(now)}`;
  throw new CarillonError('time-in-past', `${pointer} ${detail}`, {
    faults: [{ pointer, detail }],
    extensions: { now: formatInstant(now) },
  });
}

function refuseFar(pointer: string, due: number, now: number): void {
  if (due > now + MAX_SCHEDULE_AHEAD)
    throw fault(pointer, `lies more than ${MAX_SCHEDULE_AHEAD / 86_400_000} days ahead`);
}

function withoutTime(zone: string | null | undefined, now: number): number {
  if (zone !== undefined && zone !== null) throw fault('/zone', 'needs a local time in "at"');
  return now;
}

function requestedTime(at: string, zone: string | null | undefined): number {
  const time = parseDateTime(at);
  if (!time) {
    throw fault(
      '/at',
      'must be a time that exists, as RFC 3339 writes it (2026-05-01T09:00:00Z), or a local one with "zone" (2026-05-01T09:00)',
    );
  }
  const { wallClock, offset } = time;
  if (zone === undefined || zone === null) {
    if (offset === undefined) throw fault('/at', 'is a local time: add an offset such as "Z", or "zone"');
    return wallClock - offset;
  }
  if (!isTimeZone(zone)) throw fault('/zone', `is not a known IANA time zone: ${JSON.stringify(zone)}`);
  if (offset !== undefined) throw fault('/zone', 'is for a local time, but "at" has an offset already');
  return instantOf(wallClock, zone);
}

const fault = (pointer: string, detail: string): CarillonError => invalidRequest([{ pointer, detail }]);
