interface Failures {
  count: number;
  at: number;
}

const FREE_FAILURES = 5;
/** More than broken devices behind a shared address come to: beyond it, all of its attempts wait. */
const TOLERATED_FAILURES = 30;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;
const HALF_LIFE_MS = 60_000;

/**
 * How long an address waits for the answer to a failed log-in: longer with each failure, shorter again with time. Successes do not wait before
 * there are many failures, so that one failing device behind a shared address does not slow down the others.
 */
export class FailureDelays {
  private readonly byAddress = new Map<string, Failures>();

  /**
   * @param blockOf what one peer may have many addresses of, such as an IPv6 /64
   * @param maxAddresses beyond it the longest known is forgotten
   */
  constructor(
    private readonly blockOf = (address: string): string => address,
    private readonly maxAddresses = 10_000,
  ) {}

  /** Counts a failure at `now` (ms) and returns the delay of its answer in ms. */
  next(address: string, now: number): number {
    const block = this.blockOf(address);
    const count = 1 + this.countOf(block, now);
    this.byAddress.delete(block);
    this.byAddress.set(block, { count, at: now });
    if (this.byAddress.size > this.maxAddresses) this.forgetOldest();
    return delayOf(count - FREE_FAILURES);
  }

  /** How long an attempt waits before it is looked at, in ms: who hangs up instead of waiting for the answer gains nothing. */
  before(address: string, now: number): number {
    return delayOf(this.countOf(this.blockOf(address), now) - TOLERATED_FAILURES);
  }

  private countOf(block: string, now: number): number {
    const known = this.byAddress.get(block);
    return known ? known.count * 2 ** (-(now - known.at) / HALF_LIFE_MS) : 0;
  }

  get size(): number {
    return this.byAddress.size;
  }

  private forgetOldest(): void {
    const [oldest] = this.byAddress.keys();
    this.byAddress.delete(oldest!);
  }
}

function delayOf(surplus: number): number {
  return surplus <= 0 ? 0 : Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** surplus);
}
