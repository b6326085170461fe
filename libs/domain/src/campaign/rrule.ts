import { RRuleTemporal } from 'rrule-temporal';
import { Temporal } from 'temporal-polyfill';
import type { ParsedRule } from './recurrence.js';
import { type WallTime } from './wall-clock.js';

const FREQUENT = ['HOURLY', 'MINUTELY'];
const FREQUENCIES = ['YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY', ...FREQUENT];
const NUMBERS: Record<string, [min: number, max: number, negative: boolean]> = {
  BYMINUTE: [0, 59, false],
  BYHOUR: [0, 23, false],
  BYMONTHDAY: [1, 31, true],
  BYYEARDAY: [1, 366, true],
  BYWEEKNO: [1, 53, true],
  BYMONTH: [1, 12, false],
  BYSETPOS: [1, 366, true],
};
const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
const MAX_INTERVAL = 10_000;
/** Periods without an occurrence after which a rule counts as ended. */
const MAX_ITERATIONS = 5_000;
const LOCAL_UNTIL = /^\d{8}(T\d{6})?$/;

/**
 * Reads an RFC 5545 §3.3.10 recurrence rule, with or without `RRULE:` before it. `start` is its DTSTART: it gives what the rule leaves open (time of day,
 * weekday …) and is an occurrence only where it matches the rule. UNTIL is a wall time too.
 */
export function parseRrule(text: string, start: WallTime): ParsedRule {
  const prefix = /^RRULE:/i.exec(text)?.[0].length ?? 0;
  const seen = new Map<string, string>();
  let offset = prefix;
  for (const part of text.slice(prefix).split(';')) {
    const [name = '', value = ''] = part.toUpperCase().split('=');
    const reason = seen.has(name) ? 'is given twice' : faultOfPart(name, value);
    if (reason) return { fault: { part, offset, reason } };
    seen.set(name, value);
    offset += part.length + 1;
  }
  const whole = (reason: string): ParsedRule => ({ fault: { part: text, offset: 0, reason } });
  const frequency = seen.get('FREQ');
  if (!frequency) return whole(`has no FREQ; use one of ${FREQUENCIES.join(', ')}`);
  if (seen.has('COUNT') && seen.has('UNTIL')) return whole('has COUNT and UNTIL; use one of them');
  try {
    const rule = rruleOf(seen, start);
    if (!rule.next(dateTime(start), true)) return whole('names no date');
    return {
      rule: {
        occurs: FREQUENT.includes(frequency) ? 'each-time' : 'once',
        wallTimes: (from) => wallTimes(rule, from),
      },
    };
  } catch (error) {
    const { message } = error as Error;
    return whole(message.startsWith('Maximum iterations') ? 'names no date' : message);
  }
}

function* wallTimes(rule: RRuleTemporal, from: WallTime): Iterable<WallTime> {
  let at = rule.next(dateTime(from), true);
  while (at) {
    yield at.epochMilliseconds;
    at = rule.next(dateTime(at.epochMilliseconds), false);
  }
}

/** In UTC, so that the library reckons with no daylight saving. */
function rruleOf(parts: ReadonlyMap<string, string>, start: WallTime): RRuleTemporal {
  const rruleString = [...parts]
    // A UNTIL with a zone would have to be UTC beside a DTSTART with one: the wall hangs there.
    .map(
      ([name, value]) => `${name}=${name === 'UNTIL' && LOCAL_UNTIL.test(value) ? untilInUtc(value) : value}`,
    )
    .join(';');
  return new RRuleTemporal({
    rruleString: `RRULE:${rruleString}`,
    dtstart: dateTime(start),
    maxIterations: MAX_ITERATIONS,
  });
}

function faultOfPart(name: string, value: string): string | undefined {
  const values = value.split(',');
  if (name === 'FREQ')
    return FREQUENCIES.includes(value) ? undefined : `FREQ is one of ${FREQUENCIES.join(', ')}`;
  if (name === 'INTERVAL' || name === 'COUNT') return faultOfNumber(value, 1, MAX_INTERVAL, false);
  if (name === 'WKST') return WEEKDAYS.includes(value) ? undefined : `is one of ${WEEKDAYS.join(', ')}`;
  if (name === 'UNTIL') {
    return LOCAL_UNTIL.test(value) ? undefined : 'is a wall time: 20261231 or 20261231T235959, without Z';
  }
  if (name === 'BYDAY') {
    return values.every((day) => /^([+-]?[1-9]\d?)?(MO|TU|WE|TH|FR|SA|SU)$/.test(day))
      ? undefined
      : `is a list of ${WEEKDAYS.join(', ')}, each with a number before it where the n-th is meant`;
  }
  const range = NUMBERS[name];
  if (!range) return 'is not known';
  return values.map((each) => faultOfNumber(each, ...range)).find((reason) => reason !== undefined);
}

function faultOfNumber(text: string, min: number, max: number, negative: boolean): string | undefined {
  const number = Math.abs(Number(text));
  const fits =
    /^[+-]?\d{1,5}$/.test(text) && number >= min && number <= max && (negative || !text.startsWith('-'));
  return fits
    ? undefined
    : `is a number from ${min} to ${max}${negative ? ', or the same below 0 to count from the end' : ''}`;
}

const untilInUtc = (value: string): string => `${value.includes('T') ? value : `${value}T235959`}Z`;

const dateTime = (wall: WallTime): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochMilliseconds(wall).toZonedDateTimeISO('UTC');
