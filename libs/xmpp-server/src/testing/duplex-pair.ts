import { Duplex } from 'node:stream';

class PairEnd extends Duplex {
  peer!: PairEnd;
  private waiting: (() => void) | undefined;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (this.peer.destroyed || this.peer.push(chunk)) done();
    else this.peer.waiting = done;
  }

  override _read(): void {
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.();
  }

  override _final(done: () => void): void {
    this.peer.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.peer.destroyed) setImmediate(() => this.peer.destroy());
    done(error);
  }
}

/** Two ends of an in-memory connection, with flow control. */
export function duplexPair(): [Duplex, Duplex] {
  const [left, right] = [new PairEnd({ allowHalfOpen: false }), new PairEnd({ allowHalfOpen: false })];
  left.peer = right;
  right.peer = left;
  return [left, right];
}
