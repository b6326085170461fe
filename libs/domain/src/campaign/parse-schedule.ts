import { CarillonError, type Fault } from '../errors/carillon-error.js';
import { parseCron } from './cron.js';
import type { ParsedRule, Recurrence } from './recurrence.js';
import { parseRrule } from './rrule.js';
import type { ClockOf, MissedPolicy, Schedule } from './schedule.js';
import { parseInstant } from '../time/instant.js';
import { isTimeZone, parseWallTime, type WallTime, wallOf } from './wall-clock.js';

/** A schedule as JSON: exactly one of `at`, `cron` and `rrule`. */
export interface ScheduleJson {
  /** `2026-12-24T18:00:00+01:00`, or without an offset on the clock of `zone`. */
  readonly at?: string;
  /** Five fields. */
  readonly cron?: string;
  /** RFC 5545. */
  readonly rrule?: string;
  /** IANA; `UTC` unless given. */
  readonly zone?: string;
  readonly clock?: ClockOf;
  readonly start?: string;
  readonly end?: string;
  readonly count?: number;
  /** Days and times on which it does not run. */
  readonly except?: readonly string[];
  /** `once` unless given. */
  readonly missed?: MissedPolicy;
}

const ONE_OF = ['at', 'cron', 'rrule'] as const;
const RECURRING = ['start', 'end', 'count', 'except', 'missed'] as const;
const KNOWN: readonly string[] = [...ONE_OF, ...RECURRING, 'zone', 'clock'];
const POLICIES: readonly unknown[] = ['skip', 'once', 'all'];
const MAX_COUNT = 10_000;
const MAX_EXCEPTIONS = 1_000;
const MAX_RULE_LENGTH = 500;
const DATE_LENGTH = 10;
const MIDNIGHT = /^\d{4}-\d\d-\d\d$/;

/** Reads one member of the object after the other; what cannot be read is a fault and a value that harms nothing. */
class Reader {
  readonly faults: Fault[] = [];

  constructor(
    readonly json: Readonly<Record<string, unknown>>,
    private readonly pointer: string,
  ) {}

  fault(name: string, detail: string): undefined {
    this.faults.push({ pointer: name === '' ? this.pointer : `${this.pointer}/${name}`, detail });
    return undefined;
  }

  oneOf<T extends string>(name: string, values: readonly T[], otherwise: T): T {
    const value = this.json[name] ?? otherwise;
    if (values.includes(value as T)) return value as T;
    this.fault(name, `must be one of: ${values.join(', ')}`);
    return otherwise;
  }

  text(name: string): string | undefined {
    const value = this.json[name];
    if (value === undefined) return undefined;
    if (typeof value === 'string' && value.length <= MAX_RULE_LENGTH) return value;
    return this.fault(name, `must be a string of at most ${MAX_RULE_LENGTH} characters`);
  }

  zone(): string {
    const zone = this.json['zone'] ?? 'UTC';
    if (isTimeZone(zone)) return zone;
    this.fault('zone', 'must be an IANA time zone, such as Europe/Berlin');
    return 'UTC';
  }

  /** An instant or a wall time, as the wall time in a zone. */
  time(name: string, zone: string, clock: ClockOf): WallTime | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const wall = parseWallTime(text);
    if (wall !== undefined) return wall;
    const instant = parseInstant(text);
    if (instant === undefined) {
      return this.fault(name, 'must be a time such as 2026-12-24T18:00:00 or 2026-12-24T18:00:00+01:00');
    }
    if (clock === 'device')
      return this.fault(name, 'must be without an offset: it is read on the clock of each device');
    return wallOf(instant, zone);
  }

  count(): number | undefined {
    const count = this.json['count'];
    if (
      count === undefined ||
      (Number.isInteger(count) && Number(count) >= 1 && Number(count) <= MAX_COUNT)
    ) {
      return count as number | undefined;
    }
    return this.fault('count', `must be a whole number from 1 to ${MAX_COUNT}`);
  }

  exceptions(): { days: Set<WallTime>; times: Set<WallTime> } {
    const days = new Set<WallTime>();
    const times = new Set<WallTime>();
    const list = this.json['except'] ?? [];
    if (!Array.isArray(list) || list.length > MAX_EXCEPTIONS) {
      this.fault('except', `must be an array of at most ${MAX_EXCEPTIONS} days or times`);
      return { days, times };
    }
    list.forEach((item: unknown, i) => {
      const wall = typeof item === 'string' ? parseWallTime(item) : undefined;
      if (wall === undefined)
        this.fault(`except/${i}`, 'must be a day (2026-12-24) or a time (2026-12-24T18:00)');
      else if (MIDNIGHT.test(item as string)) days.add(wall);
      else times.add(wall);
    });
    return { days, times };
  }
}

/**
 * Reads the JSON form of a schedule. Every fault is found, each with its JSON pointer, within a rule with the part and its place.
 * @param now ms since 1970: where a recurring schedule without a start begins
 * @throws CarillonError `invalid-schedule`
 */
export function parseSchedule(json: unknown, now: number, pointer = '/schedule'): Schedule {
  const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
  const reader = new Reader(isObject ? (json as Record<string, unknown>) : {}, pointer);
  const schedule = isObject
    ? read(reader, now)
    : reader.fault('', `must be an object with one of: ${ONE_OF.join(', ')}`);
  if (schedule && reader.faults.length === 0) return schedule;
  const first = reader.faults[0]!;
  throw new CarillonError('invalid-schedule', `${first.pointer}: ${first.detail}`, { faults: reader.faults });
}

function read(reader: Reader, now: number): Schedule | undefined {
  const { json } = reader;
  for (const name of Object.keys(json)) {
    if (!KNOWN.includes(name)) reader.fault(name, `is not known; a schedule has ${KNOWN.join(', ')}`);
  }
  const given = ONE_OF.filter((name) => json[name] !== undefined);
  if (given.length !== 1) {
    return reader.fault(
      '',
      `must have exactly one of ${ONE_OF.join(', ')}, not ${given.join(' and ') || 'none'}`,
    );
  }
  const clock = reader.oneOf('clock', ['zone', 'device'], 'zone');
  const zone = reader.zone();
  return given[0] === 'at' ? readOnce(reader, clock, zone) : readRecurring(reader, clock, zone, now);
}

function readOnce(reader: Reader, clock: ClockOf, zone: string): Schedule | undefined {
  for (const name of RECURRING) {
    if (name !== 'missed' && reader.json[name] !== undefined) {
      reader.fault(name, 'goes with cron or rrule alone: at is a single time');
    }
  }
  const at = reader.time('at', zone, clock);
  if (at === undefined) return undefined;
  const recurrence: Recurrence = {
    occurs: 'once',
    *wallTimes(from) {
      if (at >= from) yield at;
    },
  };
  return { clock, zone, recurrence, start: at, end: at, ...NO_BOUNDS, missed: missedOf(reader) };
}

const NO_BOUNDS = { count: undefined, exceptDays: new Set<WallTime>(), exceptTimes: new Set<WallTime>() };

function readRecurring(reader: Reader, clock: ClockOf, zone: string, now: number): Schedule | undefined {
  const start = reader.time('start', zone, clock) ?? wallOf(now, zone);
  const end = endOf(reader, zone, clock);
  if (end !== undefined && end < start) reader.fault('end', 'lies before the start');
  const count = reader.count();
  const { days, times } = reader.exceptions();
  const recurrence = ruleOf(reader, start);
  const missed = missedOf(reader);
  if (!recurrence) return undefined;
  return { clock, zone, recurrence, start, end, count, exceptDays: days, exceptTimes: times, missed };
}

/** A day as the end is that whole day. */
function endOf(reader: Reader, zone: string, clock: ClockOf): WallTime | undefined {
  const end = reader.time('end', zone, clock);
  const wholeDay = String(reader.json['end']).length === DATE_LENGTH;
  return end !== undefined && wholeDay ? end + 86_400_000 - 1 : end;
}

function ruleOf(reader: Reader, start: WallTime): Recurrence | undefined {
  const name = reader.json['cron'] === undefined ? 'rrule' : 'cron';
  const text = reader.text(name);
  if (text === undefined) return undefined;
  const parsed: ParsedRule = name === 'cron' ? parseCron(text) : parseRrule(text, start);
  if ('rule' in parsed) return parsed.rule;
  const { part, offset, reason } = parsed.fault;
  return reader.fault(name, part === text ? reason : `"${part}" at character ${offset + 1}: ${reason}`);
}

function missedOf(reader: Reader): MissedPolicy {
  const missed = reader.json['missed'] ?? 'once';
  if (POLICIES.includes(missed)) return missed as MissedPolicy;
  reader.fault('missed', 'must be one of: skip, once, all');
  return 'once';
}
