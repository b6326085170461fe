import { CarillonError, type Fault } from '../errors/carillon-error.js';
import { parseInstant } from '../time/instant.js';
import { allowedFrom, type DeliveryWindow, WEEKDAYS, type Weekday } from '../campaign/delivery-window.js';
import { isTimeZone } from '../campaign/wall-clock.js';
import { minutesOfDay } from '../time/time-of-day.js';
import type { ClockOfDevice, DeliverAt } from './deliver-at.js';

/** How a notification is spread over time, instead of going to everybody at once. */
export interface Pace {
  /** Deliveries a second, over all workers; undefined: as fast as it goes. */
  readonly perSecond: number | undefined;
  readonly ramp: Ramp | undefined;
  /** On the clock of `zone`, or of each device; none: at any time. */
  readonly windows: readonly DeliveryWindow[];
  /** Whose clock the windows are on: `zone`'s unless given. */
  readonly clock?: 'device';
  /** IANA; with the devices' clocks that of those that have none. */
  readonly zone: string;
  /** Each device at its own time; undefined: all from when the notification is due. */
  readonly deliverAt?: DeliverAt;
  /** Ms since 1970: whoever has not had his turn by then does not get it. */
  readonly notAfter: number;
}

/** The rate grows evenly from `from` a second to the full one. */
export interface Ramp {
  readonly from: number;
  /** For how long it grows, s. */
  readonly seconds: number;
}

/** Why a device of the audience was passed over. */
export type Suppression = 'not after' | 'time passed';

const MAX_RATE = 100_000;
const MAX_RAMP = 7 * 86_400;
const MAX_WINDOWS = 20;
const DEFAULT_SPAN = 3 * 86_400_000;
const MAX_SPAN = 30 * 86_400_000;
const KNOWN = ['perSecond', 'perMinute', 'ramp', 'windows', 'clock', 'zone', 'notAfter'];

/** From when on the windows let a device be told, ms since 1970; `at` when they do then. */
export function openFor({ clock, zone, windows }: Pace, device: ClockOfDevice, at: number): number {
  const own = clock === 'device' && isTimeZone(device.timeZone) ? device.timeZone : zone;
  return allowedFrom(at, own, windows);
}

/** Deliveries a second, so long after the beginning; undefined: as fast as it goes. */
export function rateAt({ perSecond, ramp }: Pace, elapsedMs: number): number | undefined {
  if (perSecond === undefined || !ramp) return perSecond;
  const share = Math.min(1, Math.max(0, elapsedMs) / (ramp.seconds * 1000));
  return ramp.from + (perSecond - ramp.from) * share;
}

/**
 * Reads the JSON form of a pace; every fault is found, each with its JSON pointer.
 * @param at when the notification is due, ms since 1970
 * @throws CarillonError `invalid-request`
 */
export function parsePace(json: unknown, at: number, pointer = '/pace'): Pace {
  const faults: Fault[] = [];
  const fault = (place: string, detail: string): undefined => {
    faults.push({ pointer: pointer + place, detail });
    return undefined;
  };
  const members = objectOf(json);
  if (!members) fault('', 'must be an object');
  for (const name of Object.keys(members ?? {})) {
    if (!KNOWN.includes(name)) fault(`/${name}`, `is not known; a pace has ${KNOWN.join(', ')}`);
  }
  const { zone = 'UTC', windows = [], clock = 'zone', ...rest } = members ?? {};
  if (clock !== 'zone' && clock !== 'device') fault('/clock', 'must be "zone" or "device"');
  if (!isTimeZone(zone)) fault('/zone', 'must be an IANA time zone, such as Europe/Berlin');
  const perSecond = rateOf(rest, fault);
  const pace: Pace = {
    perSecond,
    ramp: rampOf(rest['ramp'], perSecond, fault),
    windows: windowsOf(windows, fault),
    ...(clock === 'device' && { clock }),
    zone: String(zone),
    notAfter: endOf(rest['notAfter'], at, fault),
  };
  const [first] = faults;
  if (first) throw new CarillonError('invalid-request', `${first.pointer} ${first.detail}`, { faults });
  return pace;
}

type Report = (place: string, detail: string) => undefined;
type Members = Readonly<Record<string, unknown>>;

const objectOf = (json: unknown): Members | undefined =>
  typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as Members) : undefined;

function rateOf({ perSecond, perMinute }: Members, fault: Report): number | undefined {
  if (perSecond !== undefined && perMinute !== undefined)
    return fault('/perMinute', 'stands beside perSecond: use one of them');
  if (perSecond !== undefined)
    return numberOf(perSecond, MAX_RATE, () =>
      fault('/perSecond', `must be a number above 0, up to ${MAX_RATE}`),
    );
  if (perMinute === undefined) return undefined;
  const rate = numberOf(perMinute, MAX_RATE * 60, () =>
    fault('/perMinute', `must be a number above 0, up to ${MAX_RATE * 60}`),
  );
  return rate && rate / 60;
}

const numberOf = (value: unknown, max: number, otherwise: () => undefined): number | undefined =>
  typeof value === 'number' && value > 0 && value <= max ? value : otherwise();

function rampOf(json: unknown, perSecond: number | undefined, fault: Report): Ramp | undefined {
  if (json === undefined) return undefined;
  const { from, seconds, ...others } = objectOf(json) ?? {};
  const fits =
    typeof from === 'number' &&
    from > 0 &&
    Number.isInteger(seconds) &&
    Number(seconds) > 0 &&
    Number(seconds) <= MAX_RAMP;
  if (!fits || Object.keys(others).length > 0) {
    return fault(
      '/ramp',
      `must be {"from": deliveries a second, above 0, "seconds": a whole number up to ${MAX_RAMP}}`,
    );
  }
  if (perSecond === undefined) return fault('/ramp', 'needs perSecond or perMinute, to which it leads');
  return { from, seconds: Number(seconds) };
}

function endOf(json: unknown, at: number, fault: Report): number {
  if (json === undefined) return at + DEFAULT_SPAN;
  const end = typeof json === 'string' ? parseInstant(json) : undefined;
  if (end === undefined) fault('/notAfter', 'must be an RFC 3339 time with an offset');
  else if (end <= at) fault('/notAfter', 'must lie after the time at which it is due');
  else if (end > at + MAX_SPAN)
    fault('/notAfter', `must lie within ${MAX_SPAN / 86_400_000} days of when it is due`);
  return end ?? at;
}

function windowsOf(json: unknown, fault: Report): DeliveryWindow[] {
  if (!Array.isArray(json) || json.length > MAX_WINDOWS) {
    fault('/windows', `must be an array of at most ${MAX_WINDOWS} windows`);
    return [];
  }
  return json.map((item: unknown, i) => windowOf(item, `/windows/${i}`, fault));
}

function windowOf(json: unknown, place: string, fault: Report): DeliveryWindow {
  const { from, to, days, ...others } = objectOf(json) ?? {};
  const [start, end] = [minutesOf(from), minutesOf(to)];
  if (
    start === undefined ||
    start === 1440 ||
    end === undefined ||
    start === end ||
    Object.keys(others).length > 0
  ) {
    fault(place, 'must be {"from": "09:00", "to": "21:00"}, two different times of day, and perhaps "days"');
  }
  const known = (day: unknown): day is Weekday => (WEEKDAYS as readonly unknown[]).includes(day);
  if (days !== undefined && !(Array.isArray(days) && days.length > 0 && days.every(known))) {
    fault(`${place}/days`, `must be an array of ${WEEKDAYS.join(', ')}`);
  }
  return { from: start ?? 0, to: end ?? 0, ...(days !== undefined && { days: days as Weekday[] }) };
}

const minutesOf = (text: unknown): number | undefined => (text === '24:00' ? 1440 : minutesOfDay(text));
