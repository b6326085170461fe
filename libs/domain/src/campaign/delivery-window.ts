import { instantOf, type WallTime, wallOf } from './wall-clock.js';

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** A span of a day on the device's clock in which it may be told something; one that ends before it begins goes on after midnight. */
export interface DeliveryWindow {
  /** Days on which it begins; all unless given. */
  readonly days?: readonly Weekday[];
  /** Minutes after midnight, 0 to 1439. */
  readonly from: number;
  /** Minutes after midnight, exclusive, 1 to 1440. */
  readonly to: number;
}

const MINUTE = 60_000;
const DAY = 86_400_000;

/**
 * The first instant from `at` on, ms since 1970, that lies in one of the windows on a clock in `zone`. What comes outside waits; nothing is dropped. Where the clock
 * is set back past the end of a window, its second pass counts as well; where a window begins in a gap it begins behind it.
 */
export function allowedFrom(at: number, zone: string, windows: readonly DeliveryWindow[]): number {
  if (windows.length === 0) return at;
  const wall = wallOf(at, zone);
  const midnight = midnightOf(wall);
  // From yesterday, whose windows may go on after midnight, to a week from now.
  const spans = [-1, 0, 1, 2, 3, 4, 5, 6, 7].flatMap((day) => spansOn(midnight + day * DAY, windows));
  if (spans.some(({ from, to }) => from <= wall && wall < to)) return at;
  const openings = spans.map(({ from }) => instantOf(from, zone)).filter((opening) => opening > at);
  return Math.min(...openings);
}

function spansOn(midnight: WallTime, windows: readonly DeliveryWindow[]): { from: WallTime; to: WallTime }[] {
  // 1970-01-01 was a Thursday.
  const weekday = WEEKDAYS[(Math.floor(midnight / DAY) + 3) % 7]!;
  return windows
    .filter(({ days }) => days === undefined || days.includes(weekday))
    .map(({ from, to }) => ({
      from: midnight + from * MINUTE,
      to: midnight + to * MINUTE + (to <= from ? DAY : 0),
    }));
}

const midnightOf = (wall: WallTime): WallTime => Math.floor(wall / DAY) * DAY;
