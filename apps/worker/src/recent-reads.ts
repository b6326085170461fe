/** How old what a worker goes by may be, ms. */
const MAX_AGE = 1_000;

interface Read<T> {
  readonly value: Promise<T>;
  readonly readAt: number;
}

/** What is kept for each app, read anew every second in which it is asked for. */
export class RecentReads<T> {
  private readonly reads = new Map<string, Read<T>>();

  /** @param read gets what was read before, unless that failed */
  constructor(private readonly read: (app: string, former: T | undefined) => Promise<T>) {}

  of(app: string): Promise<T> {
    const now = Date.now();
    const known = this.reads.get(app);
    if (known && now - known.readAt < MAX_AGE) return known.value;
    const value = this.renew(app, known);
    const own = { value, readAt: now };
    this.reads.set(app, own);
    // What could not be read is asked for again.
    value.catch(() => this.reads.get(app) === own && this.reads.delete(app));
    return value;
  }

  private async renew(app: string, known: Read<T> | undefined): Promise<T> {
    return this.read(app, await known?.value.catch(() => undefined));
  }
}
