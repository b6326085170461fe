/** RFC 3339 §5.6; the offset may be missing, for a local time. `T` and `Z` may be in lower case, `T` a space. */
const DATE_TIME =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?(?:([Zz])|([+-])(\d{2}):(\d{2}))?$/;

export interface DateTime {
  /** The wall clock's reading as if it were UTC, ms since 1970. */
  readonly wallClock: number;
  /** ms east of Greenwich; undefined for a local time. */
  readonly offset?: number;
}

/** @returns undefined for a text that is no date-time, or a date that no calendar has */
export function parseDateTime(text: string): DateTime | undefined {
  const match = DATE_TIME.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute] = match.slice(1, 6).map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const second = Number(match[6] ?? 0);
  const millisecond = Math.floor(Number(match[7] ?? 0) * 1_000);
  const wallClock = Date.UTC(year, month - 1, day, hour, minute, second, millisecond);
  const offset = offsetOf(match);
  const isReal =
    new Date(wallClock).toISOString().slice(0, 10) === text.slice(0, 10) &&
    hour < 24 &&
    minute < 60 &&
    second < 60;
  return isReal && !Number.isNaN(offset) ? { wallClock, offset } : undefined;
}

/** An RFC 3339 instant as ms since 1970. */
export function parseInstant(text: string): number | undefined {
  const time = parseDateTime(text);
  return time?.offset === undefined ? undefined : time.wallClock - time.offset;
}

/** Of the instants that were written last: a send writes its own five times, and a batch has the same ones throughout. */
const texts = new Map<number, string>();
const MAX_TEXTS = 64;

/** RFC 3339, in UTC, with milliseconds. */
export function formatInstant(ms: number): string {
  const known = texts.get(ms);
  if (known !== undefined) return known;
  if (texts.size >= MAX_TEXTS) texts.clear();
  const text = new Date(ms).toISOString();
  texts.set(ms, text);
  return text;
}

function offsetOf(match: RegExpExecArray): number | undefined {
  const [, , , , , , , , zulu, sign, hours, minutes] = match;
  if (zulu) return 0;
  if (!sign) return undefined;
  if (Number(hours) > 23 || Number(minutes) > 59) return Number.NaN;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}
