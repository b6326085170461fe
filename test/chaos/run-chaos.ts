import { setTimeout as sleep } from 'node:timers/promises';
import { Dice } from './dice.js';
import type { Violation } from './ledger/checker.js';
import { type Disturbance, planDisturbances, type PlannedDisturbance } from './plan.js';
import type { System } from './system.js';
import { Trial, type TrialOptions } from './trial.js';

export interface ChaosOptions extends TrialOptions {
  readonly kills: number;
  /** Which processes are killed; all of them unless said otherwise. */
  readonly victims?: readonly string[];
  /** Processes that are told to end; one to six kills unless said otherwise. */
  readonly drains?: number;
  /** Restarts, pauses and cut connections of Redis; one to four kills unless said otherwise, and three at least. */
  readonly redisTroubles?: number;
}

export interface ChaosOutcome {
  readonly violations: readonly Violation[];
  readonly figures: Readonly<Record<string, number>>;
}

/** One run: the notifications flow while one disturbance follows another, and at the end everything has to be right. */
export function runChaos(options: ChaosOptions): Promise<ChaosOutcome> {
  return Trial.with(options, async (trial) => {
    const began = Date.now();
    const plan = planOf(options, trial.system.names);
    await disturb(trial, plan, options);
    const violations = await trial.verdict();
    const seconds = Math.round((Date.now() - began) / 1_000);
    return { violations, figures: { ...kindsOf(plan), ...trial.figures(), seconds } };
  });
}

function planOf(options: ChaosOptions, names: readonly string[]): PlannedDisturbance[] {
  const { seed, kills, victims = names } = options;
  const { drains = Math.ceil(kills / 6), redisTroubles = Math.max(3, Math.ceil(kills / 4)) } = options;
  return planDisturbances(new Dice(seed, 'plan'), { victims, kills, drains, redisTroubles });
}

/** So many notifications are sent in each interval between two disturbances. */
async function disturb(
  { senders, ledger, system }: Trial,
  plan: readonly PlannedDisturbance[],
  { notifications, log }: ChaosOptions,
): Promise<void> {
  const share = notifications / (plan.length + 1);
  const sending = senders.send();
  for (const [i, { afterMs, disturbance }] of plan.entries()) {
    senders.allow(share * (i + 1));
    await Promise.race([sending, senders.reach(share * (i + 0.5))]);
    await sleep(afterMs);
    log(`${senders.accepted} accepted, ${ledger.sightings.length} seen: ${describeDisturbance(disturbance)}`);
    await apply(system, disturbance);
  }
  senders.allow(notifications);
  await sending;
}

function apply(system: System, disturbance: Disturbance): Promise<void> {
  if (disturbance.kind === 'kill') return system.kill(disturbance.name, disturbance.downMs);
  if (disturbance.kind === 'drain') return system.drain(disturbance.name, disturbance.downMs);
  if (disturbance.kind === 'restart-redis') return system.restartRedis(disturbance.downMs);
  if (disturbance.kind === 'pause-redis') return system.pauseRedis(disturbance.ms);
  return system.cutRedis();
}

function describeDisturbance(disturbance: Disturbance): string {
  const { kind, ...how } = disturbance;
  return [
    kind,
    ...Object.entries(how).map(([name, value]) => (name === 'name' ? value : `${name} ${value}`)),
  ].join(' ');
}

function kindsOf(plan: readonly PlannedDisturbance[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { disturbance } of plan) counts[disturbance.kind] = (counts[disturbance.kind] ?? 0) + 1;
  return counts;
}
