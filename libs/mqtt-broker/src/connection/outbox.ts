import type { Duplex } from 'node:stream';
import type { Flusher } from './flusher.js';
import type { GatherNode } from './gather-chain.js';

/** Above this the gathered buffers are handed over one by one instead of being copied together. */
const CONCAT_LIMIT = 64 * 1024;

export interface OutboxOwner {
  /** After each write; `blocked`: the stream wants no more until it drains. */
  onWritten(blocked: boolean, bytes: number): void;
}

/**
 * The way out of one connection. Bytes are gathered during a tick and written at its end; while the stream has not
 * drained, they are held back here.
 */
export class Outbox {
  private tail: GatherNode;
  private scheduled = false;
  private ended = false;
  /** The stream refused more until it drains. */
  blocked = false;

  constructor(
    private readonly stream: Duplex,
    private readonly flusher: Flusher,
    private readonly owner: OutboxOwner,
  ) {
    this.tail = flusher.root;
  }

  /** Bytes that the peer has not taken; without what the stream took and did not call too much. */
  get unsentBytes(): number {
    return this.blocked ? this.tail.length + this.stream.writableLength : this.tail.length;
  }

  push(bytes: Buffer): void {
    if (this.ended) return;
    this.tail = this.tail.append(bytes);
    if (this.blocked) return;
    if (this.tail.length > CONCAT_LIMIT) {
      this.write();
    } else if (!this.scheduled) {
      this.scheduled = true;
      this.flusher.schedule(this);
    }
  }

  flush(): void {
    this.scheduled = false;
    if (!this.blocked) this.write();
  }

  /** The stream drained. */
  resume(): void {
    this.blocked = false;
    this.write();
  }

  /** Writes what is left, then ends the stream. */
  end(): void {
    if (this.ended) return;
    this.write();
    this.ended = true;
    this.stream.end();
  }

  /** Throws away what is left. */
  discard(): void {
    this.ended = true;
    this.tail = this.flusher.root;
  }

  private write(): void {
    const tail = this.tail;
    if (tail.length === 0 || this.ended) return;
    this.tail = this.flusher.root;
    if (tail.length <= CONCAT_LIMIT) {
      this.blocked = !this.stream.write(tail.concat());
    } else {
      this.stream.cork();
      for (const part of tail.parts()) this.blocked = !this.stream.write(part);
      this.stream.uncork();
    }
    this.owner.onWritten(this.blocked, tail.length);
  }
}
