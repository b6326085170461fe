const RETIRE_MS = 1_000;

/** A device that polls: the requests that wait now, and the while between two requests. */
export class PollSession {
  ended = false;
  private retired = false;
  private wakers: (() => void)[] = [];
  private waiting = 0;
  private linger: NodeJS.Timeout | undefined;

  constructor(
    readonly epoch: number,
    /** The device has not come back. */
    private readonly onGone: () => void,
  ) {}

  enter(): void {
    this.waiting++;
    clearTimeout(this.linger);
  }

  leave(lingerMs: number): void {
    this.waiting--;
    if (this.waiting === 0 && !this.ended && !this.retired) this.linger = setTimeout(this.onGone, lingerMs);
  }

  /** Fulfilled at the next wake; to be taken before the inbox is read. */
  woken(): Promise<void> {
    return new Promise((resolve) => this.wakers.push(resolve));
  }

  async wait(woken: Promise<void>, ms: number, signal: AbortSignal): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    let onAbort: (() => void) | undefined;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
      onAbort = resolve;
      signal.addEventListener('abort', onAbort, { once: true });
    });
    await Promise.race([woken, over]);
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort!);
  }

  wake(): void {
    const wakers = this.wakers;
    this.wakers = [];
    for (const wake of wakers) wake();
  }

  /** The device polls elsewhere: what waits is answered, but not at once, lest two pollers chase one another. */
  retire(): void {
    clearTimeout(this.linger);
    this.retired = true;
    setTimeout(() => this.end(), RETIRE_MS);
  }

  end(): void {
    this.ended = true;
    clearTimeout(this.linger);
    this.wake();
  }
}
