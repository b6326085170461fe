import type { Dice } from './dice.js';

/** What is done to the system, one after another. Times are ms. */
export type Disturbance =
  | { readonly kind: 'kill'; readonly name: string; readonly downMs: number }
  | { readonly kind: 'restart-redis'; readonly downMs: number }
  | { readonly kind: 'pause-redis'; readonly ms: number }
  | { readonly kind: 'cut-redis' };

export interface PlannedDisturbance {
  readonly afterMs: number;
  readonly disturbance: Disturbance;
}

/** So many kills, spread over the victims, with trouble of Redis in between, its kinds by turns. */
export function planDisturbances(
  dice: Dice,
  victims: readonly string[],
  kills: number,
  redisTroubles: number,
): PlannedDisturbance[] {
  const killed = dice.shuffle(Array.from({ length: kills }, (_, i) => victims[i % victims.length]!));
  const all: Disturbance[] = [
    ...killed.map((name): Disturbance => ({ kind: 'kill', name, downMs: dice.between(0, 1_500) })),
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
