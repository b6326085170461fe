/** What may come at once after a pause: so many milliseconds' worth. */
const BURST_MS = 10_000;
/** Addresses that are remembered: twice as many at the most. */
const MAX_ADDRESSES = 100_000;

/**
 * A bucket of tokens for each address, kept as one number: when the bucket will be full again (the "virtual scheduling" of the generic cell
 * rate algorithm, ITU-T I.371). A bucket that is full needs no memory, and after ten seconds without a token taken each is: so addresses are
 * kept in two generations of ten seconds, the older of which is thrown away whole. More addresses than fit make a generation end earlier.
 */
export class ConnectRate {
  private readonly costMs: number;
  private current = new Map<string, number>();
  private previous = new Map<string, number>();
  private since: number;

  /** @param perSecond connections a second, on average */
  constructor(
    perSecond: number,
    private readonly now: () => number = Date.now,
    private readonly maxAddresses = MAX_ADDRESSES,
  ) {
    this.costMs = 1_000 / perSecond;
    this.since = now();
  }

  /** Addresses in memory. */
  get size(): number {
    return this.current.size + this.previous.size;
  }

  /** Takes a token; false if there is none. */
  take(address: string): boolean {
    const now = this.now();
    this.turn(now);
    const fullAt = Math.max(now, this.current.get(address) ?? this.previous.get(address) ?? now);
    if (fullAt - now > BURST_MS - this.costMs) return false;
    this.current.set(address, fullAt + this.costMs);
    return true;
  }

  private turn(now: number): void {
    if (now - this.since < BURST_MS && this.current.size < this.maxAddresses) return;
    this.previous = now - this.since < 2 * BURST_MS ? this.current : new Map();
    this.current = new Map();
    this.since = now;
  }
}
