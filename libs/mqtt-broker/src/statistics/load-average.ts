const MINUTE_MS = 60_000;

/** How fast a counter grows, a minute, as an average that fades over 1, 5 and 15 minutes. */
export class LoadAverage {
  readonly minutes = [1, 5, 15] as const;
  readonly values = [0, 0, 0];
  private last = 0;

  sample(counter: number, elapsedMs: number): void {
    if (elapsedMs <= 0) return;
    const rate = ((counter - this.last) * MINUTE_MS) / elapsedMs;
    this.last = counter;
    this.minutes.forEach((minutes, i) => {
      const kept = Math.exp(-elapsedMs / (minutes * MINUTE_MS));
      this.values[i] = rate + kept * (this.values[i]! - rate);
    });
  }
}
