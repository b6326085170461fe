import type { Duplex } from 'node:stream';
import type { AcknowledgementPacket } from '../codec/packets.js';
import type { Flusher } from './flusher.js';
import { GatherNode, type Gathered } from './gather-chain.js';

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
  private gathered: Gathered | undefined = undefined;
  private scheduled = false;
  private ended = false;
  /** The stream refused more until it drains. */
  blocked = false;

  constructor(
    private readonly stream: Duplex,
    private readonly flusher: Flusher,
    private readonly owner: OutboxOwner,
  ) {}

  /** Bytes that the peer has not taken; without what the stream took and did not call too much. */
  get unsentBytes(): number {
    const held = this.gathered?.length ?? 0;
    return this.blocked ? held + this.stream.writableLength : held;
  }

  push(bytes: Buffer): void {
    if (this.ended) return;
    this.closeRun();
    this.add(bytes);
  }

  /** Acknowledges without a word more. */
  acknowledge(type: AcknowledgementPacket['type'], packetId: number): void {
    if (this.ended) return;
    const { run } = this.flusher;
    if (run.owner !== this || run.full) {
      run.owner?.closeRun();
      run.begin(this);
      this.schedule();
    }
    run.add(type, packetId);
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
    this.closeRun();
    this.ended = true;
    this.gathered = undefined;
  }

  private add(bytes: Buffer): void {
    this.gathered = this.gathered === undefined ? bytes : this.flusher.gather(this.gathered, bytes);
    if (this.gathered.length > CONCAT_LIMIT && !this.blocked) this.write();
    else this.schedule();
  }

  private closeRun(): void {
    const { run } = this.flusher;
    if (run.owner === this) this.add(run.take());
  }

  private schedule(): void {
    if (this.scheduled || this.blocked) return;
    this.scheduled = true;
    this.flusher.schedule(this);
  }

  private write(): void {
    this.closeRun();
    const { gathered } = this;
    if (gathered === undefined || this.ended) return;
    this.gathered = undefined;
    const { length } = gathered;
    if (!(gathered instanceof GatherNode)) this.blocked = !this.stream.write(gathered);
    else if (length <= CONCAT_LIMIT) this.blocked = !this.stream.write(gathered.concat());
    else this.writeParts(gathered.parts());
    this.owner.onWritten(this.blocked, length);
  }

  private writeParts(parts: Buffer[]): void {
    this.stream.cork();
    for (const part of parts) this.blocked = !this.stream.write(part);
    this.stream.uncork();
  }
}
