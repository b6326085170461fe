/** Where lines go: the method of a logger for one level. */
export type WriteLine = (fields: Record<string, unknown>, message: string) => void;

const INTERVAL_MS = 1_000;

/** A log of what strangers can bring about at will: of each kind one line a second, and with the next how many there were meanwhile. */
export class LimitedLog {
  private readonly kinds = new Map<string, { since: number; suppressed: number }>();

  constructor(
    private readonly line: WriteLine,
    private readonly now: () => number = Date.now,
  ) {}

  /** @param kind one of few: each is remembered */
  write(fields: Record<string, unknown>, message: string, kind = message): void {
    const seen = this.kinds.get(kind);
    const now = this.now();
    if (seen && now - seen.since < INTERVAL_MS) {
      seen.suppressed++;
      return;
    }
    this.kinds.set(kind, { since: now, suppressed: 0 });
    this.line(seen?.suppressed ? { ...fields, suppressed: seen.suppressed } : fields, message);
  }
}
