import { Cron } from 'croner';
import type { ParsedRule, Recurrence } from './recurrence.js';
import type { WallTime } from './wall-clock.js';

const FIELDS = ['minute', 'hour', 'day of month', 'month', 'day of week'] as const;
const HOUR = 1;
const NICKNAMES = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@hourly'];

/** Reads five fields (minute, hour, day of month, month, day of week) or a nickname such as `@daily`. */
export function parseCron(text: string): ParsedRule {
  if (text.startsWith('@')) {
    if (NICKNAMES.includes(text)) return { rule: recurrence(text, text === '@hourly') };
    return { fault: { part: text, offset: 0, reason: `is none of ${NICKNAMES.join(', ')}` } };
  }
  const fields = [...text.matchAll(/\S+/g)];
  if (fields.length !== FIELDS.length) {
    const reason = `has ${fields.length} fields; needed are five: ${FIELDS.join(', ')}`;
    return { fault: { part: text, offset: 0, reason } };
  }
  for (const [i, { 0: part, index }] of fields.entries()) {
    const reason = faultOfField(part, i);
    if (reason) return { fault: { part, offset: index, reason: `${FIELDS[i]}: ${reason}` } };
  }
  const rule = recurrence(fields.map(([part]) => part).join(' '), fields[HOUR]![0].startsWith('*'));
  if (!rule.wallTimes(0)[Symbol.iterator]().next().done) return { rule };
  return { fault: { part: text, offset: 0, reason: 'names a date that no year has' } };
}

/** Without a zone, so that the library reckons with no daylight saving. */
const NO_ZONE = { utcOffset: 0, paused: true } as const;

function recurrence(pattern: string, everyHour: boolean): Recurrence {
  return {
    occurs: everyHour ? 'each-time' : 'once',
    *wallTimes(from: WallTime) {
      const cron = new Cron(pattern, NO_ZONE);
      // It looks for what is after a time, to the second.
      let at = cron.nextRun(new Date(from - 1000));
      while (at) {
        if (at.getTime() >= from) yield at.getTime();
        at = cron.nextRun(at);
      }
    },
  };
}

/** Each field is tried by itself among fields that take anything. */
function faultOfField(part: string, index: number): string | undefined {
  const fields: string[] = FIELDS.map(() => '*');
  fields[index] = part;
  try {
    new Cron(fields.join(' '), NO_ZONE);
    return undefined;
  } catch (error) {
    return (error as Error).message.replace(/^CronPattern: /, '');
  }
}
