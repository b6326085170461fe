/** Something with output to write. */
export interface Flushable {
  flush(): void;
}

/** Collects the connections that have output in this turn of the event loop, so that each is written to once. */
export class FlushQueue {
  private waiting: Flushable[] = [];

  add(target: Flushable): void {
    if (this.waiting.push(target) === 1) setImmediate(() => this.run());
  }

  private run(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const target of waiting) target.flush();
  }
}
