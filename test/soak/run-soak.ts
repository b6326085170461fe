import { setTimeout as sleep } from 'node:timers/promises';
import type { Violation } from '../chaos/ledger/checker.js';
import { Trial, type TrialOptions } from '../chaos/trial.js';
import { KEYS_WITH_EXPIRY, KEYS_WITHOUT_EXPIRY, REDIS_MEMORY, Sampler, type Series } from './samples.js';
import { isGrowing, type Trend, trendOf } from './trend.js';

export interface SoakOptions extends Omit<TrialOptions, 'notifications'> {
  readonly minutes: number;
  /** Notifications a second. */
  readonly rate: number;
  /** How long everything may still find its size, minutes: compiled code, pools, caches. */
  readonly warmUp: number;
}

export interface SoakOutcome {
  readonly violations: readonly Violation[];
  readonly trends: ReadonlyMap<string, Trend>;
  /** What grew and must not. */
  readonly growing: readonly string[];
  readonly figures: Readonly<Record<string, number>>;
}

const SAMPLE_MS = 5_000;
const STEP_MS = 100;
/** A heap that grew by less than this share over the whole time is no leak that this could tell from chance. */
const MEMORY_FLOOR = 0.05;
/** Notifications and deliveries are kept for days by intent: these grow with what was sent. */
const HISTORY: readonly string[] = [KEYS_WITH_EXPIRY, REDIS_MEMORY];

/** A steady load for a while: nothing is lost, and nothing grows but the history that is to be kept. */
export function runSoak(options: SoakOptions): Promise<SoakOutcome> {
  const notifications = Math.ceil(options.minutes * 60 * options.rate);
  return Trial.with({ ...options, notifications }, async (trial) => {
    const sampler = new Sampler(trial.system);
    await load(trial, sampler, options, notifications);
    const trends = trendsOf(sampler.after(options.warmUp));
    const violations = await trial.verdict();
    return { violations, trends, growing: growingOf(trends), figures: trial.figures() };
  });
}

async function load(
  { senders }: Trial,
  sampler: Sampler,
  { rate, log }: SoakOptions,
  total: number,
): Promise<void> {
  const began = Date.now();
  const sending = senders.send();
  let [due, allowed] = [began, 0];
  while (allowed < total) {
    allowed = Math.min(total, (rate * (Date.now() - began)) / 1_000);
    senders.allow(allowed);
    if (Date.now() >= due) {
      await sampler.take();
      due += SAMPLE_MS;
      log(`${senders.accepted} of ${total} accepted`);
    }
    await sleep(STEP_MS);
  }
  await sending;
}

const trendsOf = (series: Series): Map<string, Trend> =>
  new Map([...series].map(([name, samples]) => [name, trendOf(samples)]));

function growingOf(trends: ReadonlyMap<string, Trend>): string[] {
  const judged = [...trends].filter(([name]) => !HISTORY.includes(name));
  return judged
    .filter(([name, trend]) => isGrowing(trend, name === KEYS_WITHOUT_EXPIRY ? 0 : MEMORY_FLOOR))
    .map(([name]) => name);
}
