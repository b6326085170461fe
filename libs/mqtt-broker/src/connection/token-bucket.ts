/** Fills at a steady rate, up to what a second brings. It may be overdrawn once: then one waits until that is made up for. */
export class TokenBucket {
  private tokens: number;

  constructor(
    private readonly perSecond: number,
    private countedAt: number,
  ) {
    this.tokens = perSecond;
  }

  /** @returns milliseconds to wait before more is spent */
  spend(count: number, now: number): number {
    this.fill(now);
    this.tokens -= count;
    return this.debt();
  }

  wait(now: number): number {
    this.fill(now);
    return this.debt();
  }

  private fill(now: number): void {
    const earned = ((now - this.countedAt) * this.perSecond) / 1000;
    this.tokens = Math.min(this.perSecond, this.tokens + earned);
    this.countedAt = now;
  }

  private debt(): number {
    return this.tokens < 0 ? Math.ceil((-this.tokens * 1000) / this.perSecond) : 0;
  }
}
