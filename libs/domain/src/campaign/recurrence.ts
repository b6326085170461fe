import type { WallTime } from './wall-clock.js';

/** A rule that names wall times without end or up to one. It knows no zones: what the clock does about its times is decided once, for all rules. */
export interface Recurrence {
  /**
   * `each-time`: what comes every few minutes or hours happens whenever the clock shows it, twice where it is set back. `once`: what comes at a time of day
   * happens exactly once for each.
   */
  readonly occurs: 'each-time' | 'once';
  /** Ascending, from the first one that is not before `from`. */
  wallTimes(from: WallTime): Iterable<WallTime>;
}

/** Why a rule cannot be read, and where in its text. */
export interface RuleFault {
  /** The part that is wrong, as it was given: `61`, `BYDAY=XX`. */
  readonly part: string;
  /** From 0. */
  readonly offset: number;
  readonly reason: string;
}

export type ParsedRule = { readonly rule: Recurrence } | { readonly fault: RuleFault };
