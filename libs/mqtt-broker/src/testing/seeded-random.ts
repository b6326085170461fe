/** Random numbers that are the same in every run (a linear congruential generator: good enough to mutate bytes). */
export class SeededRandom {
  constructor(private state: number) {}

  /** A whole number from 0 up to, not including, `bound`. */
  below(bound: number): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * bound);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}
