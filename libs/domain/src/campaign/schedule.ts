import type { Recurrence } from './recurrence.js';
import { EARLIEST_ZONE, LATEST_ZONE, occurrencesOf, type WallTime } from './wall-clock.js';
import { steadyOffset } from './zone-spans.js';

/** What becomes of runs whose time came while nothing was there to start them: none, the last one, or each. */
export type MissedPolicy = 'skip' | 'once' | 'all';

/** Whose clock counts: that of one zone, or each device's own (`zone` for those that have told none). */
export type ClockOf = 'zone' | 'device';

/** When a campaign runs. */
export interface Schedule {
  readonly clock: ClockOf;
  /** IANA. */
  readonly zone: string;
  readonly recurrence: Recurrence;
  /** No run before. */
  readonly start: WallTime;
  /** No run after. */
  readonly end: WallTime | undefined;
  /** Runs in all; exceptions do not count. */
  readonly count: number | undefined;
  /** Wall times, or whole days by their midnight, on which nothing happens. */
  readonly exceptDays: ReadonlySet<WallTime>;
  readonly exceptTimes: ReadonlySet<WallTime>;
  readonly missed: MissedPolicy;
}

/** One time at which a campaign is sent. */
export interface Run {
  readonly wall: WallTime;
  /** When the first device may get it: with the clocks of devices, where the day begins first. Ms since 1970. */
  readonly opensAt: number;
  /** When the last device may get it. */
  readonly closesAt: number;
}

const DAY = 86_400_000;

/** Those that open after an instant, ascending by it. */
export function* runsOf(schedule: Schedule, after = -Infinity): Iterable<Run> {
  let counted = 0;
  // Only a schedule that counts has to be gone through from its start.
  const from =
    schedule.count === undefined ? Math.max(schedule.start, firstWall(schedule, after)) : schedule.start;
  for (const run of schedule.clock === 'device' ? onEachDevice(schedule, from) : inZone(schedule, from)) {
    if (schedule.count !== undefined && ++counted > schedule.count) return;
    if (run.opensAt > after) yield run;
  }
}

/** Of what opens after an instant no wall time lies before this one. */
function firstWall({ clock, zone }: Schedule, after: number): WallTime {
  if (!Number.isFinite(after)) return after;
  if (clock === 'device') return after + EARLIEST_ZONE;
  const offset = steadyOffset(after - 2 * DAY, after, zone);
  // Behind a change of the clock a wall time may come again, or late.
  return after + (offset ?? -2 * DAY);
}

function* onEachDevice(schedule: Schedule, from: WallTime): Iterable<Run> {
  for (const wall of allowed(schedule, from)) {
    yield { wall, opensAt: wall - EARLIEST_ZONE, closesAt: wall + LATEST_ZONE };
  }
}

/**
 * Wall times ascend, their instants need not: where the clock is set back the same hour comes again, and a time in a gap comes later than those behind it.
 * So they wait until nothing earlier can come. Two that fall on one instant are one run.
 */
function* inZone(schedule: Schedule, from: WallTime): Iterable<Run> {
  const { zone, recurrence } = schedule;
  let waiting: Run[] = [];
  for (const wall of allowed(schedule, from)) {
    const { instants, only, earliest } = occurrencesOf(wall, zone);
    yield* waiting.filter(({ opensAt }) => opensAt < earliest);
    waiting = waiting.filter(({ opensAt }) => opensAt >= earliest);
    for (const at of recurrence.occurs === 'once' ? [only] : instants) {
      if (!waiting.some(({ opensAt }) => opensAt === at)) waiting.push({ wall, opensAt: at, closesAt: at });
    }
    waiting.sort((a, b) => a.opensAt - b.opensAt);
  }
  yield* waiting;
}

function* allowed(schedule: Schedule, from: WallTime): Iterable<WallTime> {
  const { recurrence, start, end = Infinity, exceptDays, exceptTimes } = schedule;
  for (const wall of recurrence.wallTimes(Math.max(from, start))) {
    if (wall > end) return;
    if (exceptTimes.has(wall) || exceptDays.has(wall - (((wall % DAY) + DAY) % DAY))) continue;
    yield wall;
  }
}

/** The next runs, for a preview. */
export function nextRuns(schedule: Schedule, after: number, limit: number): Run[] {
  const runs: Run[] = [];
  for (const run of runsOf(schedule, after)) {
    if (runs.push(run) === limit) break;
  }
  return runs;
}

/** A run that opened longer ago than this without being started was missed, ms. */
export const MISSED_AFTER = 60_000;
/** With `all`, at most so many missed runs are made up for. */
export const MAX_MISSED_RUNS = 100;

export interface DueRuns {
  /** To be started now, ascending. */
  readonly start: readonly Run[];
  /** Let go by the policy. */
  readonly missed: readonly Run[];
}

/** How far to look back for the last runs first, ms: one that comes every minute has very many in a month. */
const LOOK_BACK = [3_600_000, 2 * DAY, 60 * DAY, Infinity];

/** Those that opened after an instant up to now; the last ones, where they are very many. */
function lastRuns(schedule: Schedule, after: number, now: number): Run[] {
  const runs: Run[] = [];
  for (const back of schedule.count === undefined ? LOOK_BACK : [Infinity]) {
    const from = Math.max(after, now - back);
    runs.length = 0;
    for (const run of runsOf(schedule, from)) {
      if (run.opensAt > now) break;
      runs.push(run);
    }
    if (from === after || runs.length >= 2 * MAX_MISSED_RUNS) break;
  }
  return runs;
}

/** What is to be done about the runs that opened after `after` and up to `now`. */
export function dueRuns(schedule: Schedule, after: number, now: number): DueRuns {
  const opened = lastRuns(schedule, after, now);
  const due = opened.slice(-MAX_MISSED_RUNS);
  const dropped = opened.slice(-2 * MAX_MISSED_RUNS, -MAX_MISSED_RUNS);
  const isMissed = ({ closesAt }: Run): boolean => closesAt < now - MISSED_AFTER;
  const missed = due.filter(isMissed);
  if (schedule.missed === 'all') return { start: due, missed: dropped };
  const kept = schedule.missed === 'once' && missed.length === due.length ? missed.slice(-1) : [];
  const start = due.filter((run) => !isMissed(run) || kept.includes(run));
  return { start, missed: [...dropped, ...missed.filter((run) => !kept.includes(run))] };
}
