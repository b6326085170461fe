import { formatDuration, parseDuration } from './duration.js';
import { formatInstant, parseInstant } from './instant.js';

/** A point in time as an expression names it: an RFC 3339 instant, or one that moves along: `now`, `now-7d`, `now+2h`. */
export type Moment = string;

export const MOMENT_RULE =
  'must be an RFC 3339 time with an offset (2027-05-01T09:00:00Z), or "now", "now-7d", "now+2h"';

const RELATIVE = /^now(?:([+-])(\w+))?$/;

/** The one way to write a moment; undefined for what is none. */
export function normalMoment(text: string): Moment | undefined {
  const relative = offsetOf(text);
  if (relative !== undefined) {
    if (relative === 0) return 'now';
    return `now${relative < 0 ? '-' : '+'}${formatDuration(Math.abs(relative))}`;
  }
  const instant = parseInstant(text);
  return instant === undefined ? undefined : formatInstant(instant);
}

/** ms since 1970; `moment` is a normal one. */
export function momentAt(moment: Moment, now: number): number {
  const relative = offsetOf(moment);
  return relative === undefined ? (parseInstant(moment) ?? Number.NaN) : now + relative * 1_000;
}

/** Seconds from now. */
function offsetOf(text: string): number | undefined {
  const match = RELATIVE.exec(text);
  if (!match) return undefined;
  const [, sign, length] = match;
  if (length === undefined) return 0;
  const seconds = parseDuration(length);
  return seconds === undefined ? undefined : sign === '-' ? -seconds : seconds;
}
