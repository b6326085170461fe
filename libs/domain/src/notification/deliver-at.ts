import {
  EARLIEST_ZONE,
  instantOf,
  isTimeZone,
  LATEST_ZONE,
  parseWallTime,
  type WallTime,
  wallOf,
} from '../campaign/wall-clock.js';
import { type Activity, hourOf, mostActiveHour } from '../device/activity.js';
import { FaultList } from '../faults.js';
import { CarillonError } from '../errors/carillon-error.js';
import { minutesOfDay } from '../time/time-of-day.js';

/** At which time each device is told, by its own clock or its own habits, instead of all at the same instant. */
export interface DeliverAt {
  /** `local`: at `minutes` on the device's clock; `active`: in the hour in which it is most active, at `minutes` where that is not known. */
  readonly by: 'local' | 'active';
  /** After midnight, 0 to 1439. */
  readonly minutes: number;
  /** The wall time from which `minutes` count, a midnight as a rule; undefined: the first such time from when the notification is due. */
  readonly day?: WallTime;
  /** IANA, for devices that have none. */
  readonly defaultZone: string;
  /** What becomes of a device whose time had passed before the notification was due: told at once, or not at all. */
  readonly ifPassed: 'now' | 'skip';
}

/** What is known of the device. */
export interface ClockOfDevice {
  readonly timeZone?: string;
  readonly activity?: Activity;
}

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const RULE = 'must be a time of day, 00:00 to 23:59';

/**
 * When a device is told, ms since 1970: at its time, and never before `from`, when the notification is due. In a gap of its clock so much later as the
 * clock jumps, in an overlap the first.
 * @returns 'passed' for one that is not to be told any more
 */
export function deliveryTime(rule: DeliverAt, device: ClockOfDevice, from: number): number | 'passed' {
  const hour = rule.by === 'active' ? mostActiveHour(device.activity) : undefined;
  if (hour !== undefined) return nextHour(hour, from);
  const zone = isTimeZone(device.timeZone) ? device.timeZone : rule.defaultZone;
  if (rule.day === undefined) return nextTime(rule.minutes, zone, from);
  const at = instantOf(rule.day + rule.minutes * MINUTE, zone);
  if (at >= from) return at;
  return rule.ifPassed === 'now' ? from : 'passed';
}

function nextHour(hour: number, from: number): number {
  if (hourOf(from) === hour) return from;
  const midnight = Math.floor(from / DAY) * DAY;
  const today = midnight + hour * HOUR;
  return today > from ? today : today + DAY;
}

function nextTime(minutes: number, zone: string, from: number): number {
  const midnight = Math.floor(wallOf(from, zone) / DAY) * DAY;
  const times = [0, 1].map((day) => instantOf(midnight + day * DAY + minutes * MINUTE, zone));
  return times.find((time) => time >= from) ?? from;
}

/** When the first device of the world may be told; undefined without a day. */
export const firstTime = ({ day, minutes }: DeliverAt): number | undefined =>
  day === undefined ? undefined : day + minutes * MINUTE - EARLIEST_ZONE;

/** When the last one is. */
export const lastTime = (rule: DeliverAt): number | undefined => {
  const first = firstTime(rule);
  return first === undefined ? undefined : first + EARLIEST_ZONE + LATEST_ZONE;
};

/**
 * Reads the JSON form; every fault is found, each with its JSON pointer.
 * @throws CarillonError `invalid-request`
 */
export function parseDeliverAt(json: unknown, pointer = '/deliverAt'): DeliverAt {
  const list = new FaultList();
  const names = ['localTime', 'date', 'activeHour', 'otherwise', 'defaultZone', 'ifPassed'];
  const members = list.object(json, pointer, names) ?? {};
  const { defaultZone = 'UTC', ifPassed = 'now' } = members;
  if (!isTimeZone(defaultZone))
    list.add(`${pointer}/defaultZone`, 'must be an IANA time zone, such as Europe/Berlin');
  if (ifPassed !== 'now' && ifPassed !== 'skip') list.add(`${pointer}/ifPassed`, 'must be "now" or "skip"');
  const rule =
    members['activeHour'] === undefined
      ? localRule(list, members, pointer)
      : activeRule(list, members, pointer);
  const [first] = list.faults;
  if (first)
    throw new CarillonError('invalid-request', `${first.pointer} ${first.detail}`, { faults: list.faults });
  return { ...rule, defaultZone: defaultZone as string, ifPassed: ifPassed as DeliverAt['ifPassed'] };
}

type Rule = Pick<DeliverAt, 'by' | 'minutes' | 'day'>;
type Members = Readonly<Record<string, unknown>>;

function localRule(list: FaultList, { localTime, date, otherwise }: Members, pointer: string): Rule {
  const minutes = minutesOfDay(localTime);
  if (minutes === undefined) list.add(`${pointer}/localTime`, RULE);
  if (otherwise !== undefined) list.add(`${pointer}/otherwise`, 'is for activeHour');
  const day = typeof date === 'string' && date.length === 10 ? parseWallTime(date) : undefined;
  if (date !== undefined && day === undefined)
    list.add(`${pointer}/date`, 'must be a day, such as 2026-12-24');
  return { by: 'local', minutes: minutes ?? 0, ...(day !== undefined && { day }) };
}

function activeRule(list: FaultList, members: Members, pointer: string): Rule {
  const { activeHour, otherwise = '12:00', localTime, date, ifPassed } = members;
  if (activeHour !== true) list.add(`${pointer}/activeHour`, 'must be true');
  const minutes = minutesOfDay(otherwise);
  if (minutes === undefined) list.add(`${pointer}/otherwise`, RULE);
  for (const [name, value] of Object.entries({ localTime, date, ifPassed }))
    if (value !== undefined) list.add(`${pointer}/${name}`, 'is not for activeHour');
  return { by: 'active', minutes: minutes ?? 0 };
}
