import type { Flushable, FlushQueue } from './flush-queue.js';

/** Output of one connection, gathered until the end of the turn. */
export class Outbox implements Flushable {
  private pieces: string[] = [];
  private scheduled = false;
  private held = false;
  /** Characters that wait. */
  length = 0;

  /** @param onDue called once a turn in which something was added or a flush asked for */
  constructor(
    private readonly flushes: FlushQueue,
    private readonly onDue: () => void,
  ) {}

  add(piece: string): void {
    this.pieces.push(piece);
    this.length += piece.length;
    this.schedule();
  }

  schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.flushes.add(this);
  }

  flush(): void {
    this.scheduled = false;
    if (!this.held) this.onDue();
  }

  /** What is added from now on waits so long at least. */
  holdBack(ms: number): void {
    this.held = true;
    setTimeout(() => {
      this.held = false;
      this.schedule();
    }, ms).unref();
  }

  take(): string[] {
    const { pieces } = this;
    this.pieces = [];
    this.length = 0;
    return pieces;
  }
}
