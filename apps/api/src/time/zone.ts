const DAY = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether the text names a zone of the IANA database, as this machine has it. */
export const isZone = (name: string): boolean => formatFor(name) !== undefined;

/**
 * The instant at which a zone's wall clock shows `wallClock` (its reading as if it were UTC). Where clocks go forward over
 * it, the time after the change by as much (02:30 becomes 03:30); where they show it twice, the earlier of the two. So does RFC 5545.
 */
export function instantIn(zone: string, wallClock: number): number {
  const format = formatFor(zone);
  if (!format) throw new RangeError(`unknown zone ${zone}`);
  const before = offsetAt(format, wallClock - DAY);
  const after = offsetAt(format, wallClock + DAY);
  const candidates = [before, after]
    .map((offset) => wallClock - offset)
    .filter((instant) => instant + offsetAt(format, instant) === wallClock);
  return candidates.length > 0 ? Math.min(...candidates) : wallClock - before;
}

/** Names are few; what is no name is not kept. */
function formatFor(zone: string): Intl.DateTimeFormat | undefined {
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/.test(zone)) return undefined;
  const known = formats.get(zone.toLowerCase());
  if (known) return known;
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      calendar: 'gregory',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone.toLowerCase(), format);
    return format;
  } catch {
    return undefined;
  }
}

/** How far a zone's clock is ahead of UTC at an instant, ms. */
function offsetAt(format: Intl.DateTimeFormat, instant: number): number {
  const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, value]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
  const year = parts.get('era') === 'BC' ? 1 - part('year') : part('year');
  const clock = Date.UTC(year, part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return clock - Math.floor(instant / 1_000) * 1_000;
}
