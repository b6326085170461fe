import { seeded } from '../support/random.js';

/** Draws of one actor of a run: the same for the same seed and name, whatever the others draw meanwhile. */
export class Dice {
  private readonly next: () => number;

  constructor(seed: number, name: string) {
    let mixed = seed >>> 0;
    for (let i = 0; i < name.length; i++) mixed = Math.imul(mixed ^ name.charCodeAt(i), 16_777_619) >>> 0;
    this.next = seeded(mixed);
  }

  /** A whole number from `low` up to and without `high`. */
  between = (low: number, high: number): number => Math.floor(low + this.next() * (high - low));

  chance = (probability: number): boolean => this.next() < probability;

  pick = <T>(from: readonly T[]): T => from[this.between(0, from.length)]!;

  shuffle<T>(list: readonly T[]): T[] {
    const shuffled = [...list];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.between(0, i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
    }
    return shuffled;
  }
}
