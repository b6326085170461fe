import type { Dice } from './dice.js';

/** What is done to the system, one after another. Times are ms. */
export type Disturbance =
  | { readonly kind: 'kill'; readonly name: string; readonly downMs: number }
  | { readonly kind: 'drain'; readonly name: string; readonly downMs: number }
  | { readonly kind: 'restart-redis'; readonly downMs: number }
  | { readonly kind: 'pause-redis'; readonly ms: number }
  | { readonly kind: 'cut-redis' };

export interface PlannedDisturbance {
  readonly afterMs: number;
  readonly disturbance: Disturbance;
}

export interface PlanOptions {
  /** Names of processes. */
  readonly victims: readonly string[];
  readonly kills: number;
  /** Processes that are told to end, by SIGTERM. */
  readonly drains: number;
  readonly redisTroubles: number;
}

/** So many kills and drains, spread over the victims, with trouble of Redis in between, its kinds by turns. */
export function planDisturbances(
  dice: Dice,
  { victims, kills, drains, redisTroubles }: PlanOptions,
): PlannedDisturbance[] {
  const spread = (count: number): string[] =>
    dice.shuffle(Array.from({ length: count }, (_, i) => victims[i % victims.length]!));
  const ending =
    (kind: 'kill' | 'drain') =>
    (name: string): Disturbance => ({ kind, name, downMs: dice.between(0, 1_500) });
  const all: Disturbance[] = [
    ...spread(kills).map(ending('kill')),
    ...spread(drains).map(ending('drain')),
    ...Array.from({ length: redisTroubles }, (_, i) => redisTrouble(dice, i)),
  ];
  return dice.shuffle(all).map((disturbance) => ({ afterMs: dice.between(100, 1_500), disturbance }));
}

function redisTrouble(dice: Dice, i: number): Disturbance {
  const kinds: readonly Disturbance[] = [
    { kind: 'restart-redis', downMs: dice.between(100, 2_500) },
    { kind: 'pause-redis', ms: dice.between(300, 5_000) },
    { kind: 'cut-redis' },
  ];
  return kinds[i % kinds.length]!;
}
