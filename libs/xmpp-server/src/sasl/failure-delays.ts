interface Failures {
  count: number;
  at: number;
}

const FREE_FAILURES = 5;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;
const HALF_LIFE_MS = 60_000;

/**
 * How long an address waits for the answer to a failed log-in: longer with each failure, shorter again with time. Successes never wait, so
 * that one failing device behind a shared address does not slow down the others.
 */
export class FailureDelays {
  private readonly byAddress = new Map<string, Failures>();

  /** @param maxAddresses beyond it the longest known is forgotten */
  constructor(private readonly maxAddresses = 10_000) {}

  /** Counts a failure at `now` (ms) and returns the delay of its answer in ms. */
  next(address: string, now: number): number {
    const known = this.byAddress.get(address);
    const count = 1 + (known ? known.count * 2 ** (-(now - known.at) / HALF_LIFE_MS) : 0);
    this.byAddress.delete(address);
    this.byAddress.set(address, { count, at: now });
    if (this.byAddress.size > this.maxAddresses) this.forgetOldest();
    if (count <= FREE_FAILURES) return 0;
    return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (count - FREE_FAILURES));
  }

  get size(): number {
    return this.byAddress.size;
  }

  private forgetOldest(): void {
    const [oldest] = this.byAddress.keys();
    this.byAddress.delete(oldest!);
  }
}
