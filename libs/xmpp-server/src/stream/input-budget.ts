/** How much a connection may send: a rate in bytes per second, with two seconds' worth at once. */
export class InputBudget {
  private left: number;

  constructor(
    private readonly bytesPerSecond: number,
    private refilledAt: number,
  ) {
    this.left = bytesPerSecond * 2;
  }

  /** False once the budget is used up. */
  spend(bytes: number, now: number): boolean {
    this.refill(now);
    this.left -= bytes;
    return this.left > 0;
  }

  /** True when there is something to spend again. */
  refill(now: number): boolean {
    const seconds = (now - this.refilledAt) / 1000;
    const earned = seconds > 0 ? seconds * this.bytesPerSecond : 0;
    this.left = Math.min(this.bytesPerSecond * 2, this.left + earned);
    this.refilledAt = now;
    return this.left > 0;
  }
}
