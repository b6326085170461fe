import { BoundarySplitter, type Piece, type SplitterLimits } from './boundary-splitter.js';
import { StreamFault } from './stream-error.js';

/** Input of one connection, cut into pieces. */
export interface StreamReader {
  push(input: Buffer): void;
  /** @throws StreamFault */
  next(): Piece | undefined;
  /** Expects a stream header next. */
  restart(): void;
  discard(): void;
  setLimits(limits: SplitterLimits): void;
}

const MAX_WAITING_BYTES = 1_048_576;

/** WebSocket messages: each must hold exactly one element (RFC 7395 §3.3.3). */
export class MessageReader implements StreamReader {
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private readonly splitter: BoundarySplitter;

  constructor(limits: SplitterLimits) {
    this.splitter = new BoundarySplitter(limits, true);
  }

  push(input: Buffer): void {
    if (input.length === 0) return;
    this.waitingBytes += input.length;
    if (this.waitingBytes > MAX_WAITING_BYTES) throw new StreamFault('policy-violation', 'too much at once');
    this.waiting.push(input);
  }

  next(): Piece | undefined {
    for (let message = this.waiting.shift(); message; message = this.waiting.shift()) {
      this.waitingBytes -= message.length;
      const piece = this.onlyPieceOf(message);
      if (piece) return piece;
    }
    return undefined;
  }

  restart(): void {}

  discard(): void {
    this.waiting = [];
    this.waitingBytes = 0;
  }

  setLimits(limits: SplitterLimits): void {
    this.splitter.setLimits(limits);
  }

  /** undefined for white space. */
  private onlyPieceOf(message: Buffer): Piece | undefined {
    this.splitter.push(message);
    const piece = this.splitter.next();
    if (this.splitter.next() || !this.splitter.idle) throw new StreamFault('not-well-formed');
    return piece;
  }
}
