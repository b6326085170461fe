import type { DeliveryCounts } from '../delivery/delivery.js';
import type { Notification } from '../notification/notification.js';
import type { Campaign, CampaignRun, ErrorCount } from './campaign.js';
import { isAtWork } from './campaign-states.js';
import { RunMaker } from './campaign-runs.js';
import { parseSchedule } from './parse-schedule.js';
import { EARLIEST_ZONE, LATEST_ZONE } from './wall-clock.js';
import { dueRuns, type DueRuns, nextRuns, type Run, type Schedule } from './schedule.js';

/** How far one notification of a run has come. */
export interface PartProgress {
  /** Every inbox has it, or it was stopped, or it is so long ago that it is forgotten. */
  readonly atRest: boolean;
  /** Undefined when nobody asked for them (`needsCounts`). */
  readonly counts?: DeliveryCounts;
}
/** By the ids of notifications. */
export type RunProgress = ReadonlyMap<string, PartProgress>;

/** What is to be done about a campaign now. */
export interface CampaignSteps {
  /** Runs that begin, change or end. */
  readonly runs: readonly CampaignRun[];
  readonly notifications: readonly Notification[];
  readonly open: readonly CampaignRun[];
  readonly plannedTo?: number;
  readonly nextAt?: number;
  readonly winner?: string;
  /** Too much fails: it pauses itself, for this reason. */
  readonly pause?: string;
  readonly done: boolean;
  /** When to look again, ms since 1970; undefined: nothing happens by itself. */
  readonly lookAt?: number;
}

/** Runs that begin in one step; a campaign that has more to make up for is looked at again at once. */
const AT_ONCE = 10;
/** A run waits while so many earlier ones are at work: each of them is looked at. */
const MAX_OPEN = 100;
/** So often a run at work is looked at, ms: where its errors are watched, and in the beginning. */
const WATCH_MS = 500;
/** A long run is looked at less often: when this part of its time has gone by, up to so many ms. */
const WATCH_PART = 0.05;
const MAX_WATCH_MS = 5_000;
/** Fewer deliveries than these say nothing about how many fail. */
const MIN_ENDED = 20;
const NOTHING_DUE: DueRuns = { start: [], missed: [] };

/** The schedule of a plan; undefined for one that is triggered, or runs as soon as it is started. */
export const scheduleOf = ({ schedule, scheduledFrom }: Campaign['plan']): Schedule | undefined =>
  schedule && parseSchedule(schedule, scheduledFrom);

/**
 * From when on a campaign's runs count, if it is started or scheduled anew now: with the clocks of devices those too that have begun somewhere, for
 * elsewhere they are still to come.
 */
export const plannedFrom = ({ schedule }: Campaign['plan'], now: number): number =>
  schedule?.clock === 'device' ? now - EARLIEST_ZONE - LATEST_ZONE : now;

/** The next runs from a time on, ms since 1970. */
export function upcoming(campaign: Campaign, after: number, limit: number): Run[] {
  const { plan, startedAt } = campaign;
  const schedule = scheduleOf(plan);
  if (schedule) return nextRuns(schedule, after, limit);
  if (plan.trigger || startedAt === undefined || startedAt <= after) return [];
  return [{ wall: startedAt, opensAt: startedAt, closesAt: startedAt }];
}

function dueOf(campaign: Campaign, now: number): DueRuns {
  const { plan, plannedTo = now, nextAt = now } = campaign;
  if (nextAt > now) return NOTHING_DUE;
  const schedule = scheduleOf(plan);
  if (schedule) return dueRuns(schedule, plannedTo, now);
  return { ...NOTHING_DUE, start: upcoming(campaign, plannedTo, 1).filter(({ opensAt }) => opensAt <= now) };
}

/** Does what is to be done depend on what became of deliveries? To count them asks every partition. */
export const needsCounts = ({ plan, open }: Campaign, now: number): boolean =>
  plan.maxErrorRate !== undefined || open.some((run) => isToBeDecided(run, plan, now));

/**
 * @param progress with counts, if `needsCounts` says so
 * @param fits whether a notification may have an id
 */
export function planCampaign(
  campaign: Campaign,
  progress: RunProgress,
  now: number,
  fits: (id: string) => boolean,
): CampaignSteps | undefined {
  if (!isAtWork(campaign)) return undefined;
  const failing = failureOf(campaign, progress);
  if (failing) return failing;
  const winner = campaign.winner ?? winnerOf(campaign, progress, now);
  const maker = new RunMaker({ ...campaign, winner }, fits);
  const notifications: Notification[] = [];
  const begun = begin(campaign, maker, now, notifications);
  const watched = campaign.open.map((run) => watch(run, maker, winner, progress, now, notifications));
  const changed = watched.filter((run, i) => run !== campaign.open[i]);
  const open = [...watched, ...begun.runs].filter((run) => run.endedAt === undefined && !run.missed);
  const plannedTo = begun.plannedTo ?? campaign.plannedTo ?? now;
  const nextAt =
    begun.plannedTo === undefined && campaign.nextAt !== undefined
      ? campaign.nextAt
      : (upcoming(campaign, plannedTo, 1)[0]?.opensAt ?? Infinity);
  return {
    runs: [...changed, ...begun.runs],
    notifications,
    open,
    plannedTo,
    nextAt,
    ...(winner !== undefined && { winner }),
    done: nextAt === Infinity && open.length === 0 && !campaign.plan.trigger,
    lookAt: nextLook(campaign, open, progress, nextAt, now),
  };
}

function begin(
  campaign: Campaign,
  maker: RunMaker,
  now: number,
  notifications: Notification[],
): { runs: CampaignRun[]; plannedTo?: number } {
  const due = dueOf(campaign, now);
  const room = Math.max(0, MAX_OPEN - campaign.open.length);
  const start = due.start.slice(0, Math.min(AT_ONCE, room));
  const missed = due.missed.map(({ opensAt }): CampaignRun => ({
    at: opensAt,
    missed: true,
    parts: [],
    endedAt: now,
  }));
  const runs = start.map((run) => {
    const steps = maker.begin(run, now);
    notifications.push(...steps.notifications);
    return steps.run;
  });
  const all = [...start, ...(start.length < due.start.length ? [] : due.missed)];
  if (all.length === 0) return { runs: [] };
  return { runs: [...missed, ...runs], plannedTo: Math.max(...all.map(({ opensAt }) => opensAt)) };
}

function watch(
  run: CampaignRun,
  maker: RunMaker,
  winner: string | undefined,
  progress: RunProgress,
  now: number,
  notifications: Notification[],
): CampaignRun {
  if (run.undecided) {
    if (winner === undefined) return run;
    const steps = maker.sendRest(run, winner, now);
    notifications.push(...steps.notifications);
    return steps.run;
  }
  return isAtRest(run, progress) ? { ...run, endedAt: now } : run;
}

const isAtRest = ({ parts }: CampaignRun, progress: RunProgress): boolean =>
  parts.every(({ notificationId }) => progress.get(notificationId)?.atRest ?? true);

function nextLook(
  { plan }: Campaign,
  open: readonly CampaignRun[],
  progress: RunProgress,
  nextAt: number,
  now: number,
): number | undefined {
  const looks = open.map((run) => {
    const isNew = run.parts.some(({ notificationId }) => !progress.has(notificationId));
    if (!run.undecided || isNew || !isAtRest(run, progress)) return now + watchPause(plan, run, now);
    return plan.winnerAfter === undefined ? Infinity : Math.max(now, decidedAt(run, plan.winnerAfter));
  });
  const earliest = Math.min(...looks, ...(open.length < MAX_OPEN ? [nextAt] : []));
  return Number.isFinite(earliest) ? earliest : undefined;
}

function watchPause(
  { maxErrorRate }: Campaign['plan'],
  { begunAt = 0, undecided }: CampaignRun,
  now: number,
): number {
  if (maxErrorRate !== undefined || undecided) return WATCH_MS;
  return Math.min(MAX_WATCH_MS, Math.max(WATCH_MS, (now - begunAt) * WATCH_PART));
}

const isToBeDecided = (run: CampaignRun, { winnerAfter }: Campaign['plan'], now: number): boolean =>
  run.undecided === true && winnerAfter !== undefined && decidedAt(run, winnerAfter) <= now;

const decidedAt = ({ begunAt = 0 }: CampaignRun, winnerAfter: number): number =>
  begunAt + winnerAfter * 1_000;

/** The variant with the highest share of opened deliveries in the first run whose time to decide has come; of equal ones the first. */
function winnerOf({ plan, open }: Campaign, progress: RunProgress, now: number): string | undefined {
  const run = open.find((each) => isToBeDecided(each, plan, now));
  if (!run) return undefined;
  const rates = run.parts.map(({ variant, notificationId }) => ({
    variant,
    rate: openedRate(progress.get(notificationId)?.counts),
  }));
  return rates.reduce((best, each) => (each.rate > best.rate ? each : best)).variant;
}

/** Opened deliveries of all that were made, 0 to 1. */
export function openedRate(counts: DeliveryCounts | undefined): number {
  const made = counts ? counts.queued - counts.suppressed : 0;
  return counts && made > 0 ? counts.opened / made : 0;
}

/** Deliveries that came to an end, and those of them that failed. */
export function errorsOf({ parts }: CampaignRun, progress: RunProgress): ErrorCount {
  const counts = parts.flatMap(({ notificationId }) => progress.get(notificationId)?.counts ?? []);
  const failed = counts.reduce((sum, each) => sum + each.failed + each.dropped, 0);
  return { failed, ended: failed + counts.reduce((sum, each) => sum + each.acknowledged, 0) };
}

function failureOf(campaign: Campaign, progress: RunProgress): CampaignSteps | undefined {
  const { plan, open } = campaign;
  if (plan.maxErrorRate === undefined || open.length === 0) return undefined;
  const errors = open.map((run) => errorsOf(run, progress));
  const sum = (of: (run: CampaignRun, errors: ErrorCount) => number): number =>
    open.reduce((total, run, i) => total + of(run, errors[i]!), 0);
  const ended = sum((run, now) => now.ended - (run.pardoned?.ended ?? 0));
  const failed = sum((run, now) => now.failed - (run.pardoned?.failed ?? 0));
  if (ended < MIN_ENDED || failed / ended <= plan.maxErrorRate) return undefined;
  const pardoned = open.map((run, i) => ({ ...run, pardoned: errors[i]! }));
  return {
    runs: pardoned,
    notifications: [],
    open: pardoned,
    pause: `${failed} of ${ended} deliveries failed, more than ${plan.maxErrorRate * 100} %`,
    done: false,
  };
}
