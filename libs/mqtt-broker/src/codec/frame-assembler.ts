import { ReasonCode } from '../reason-codes.js';
import type { DecodeFailure } from './packets.js';

const NOTHING = Buffer.alloc(0);

/**
 * Cuts a byte stream into packets. After `next()` answered true, `firstByte`, `bodyStart` and `bodyEnd` say where
 * the packet is in `buffer`. A packet that arrives in one chunk is not copied; what is incomplete is gathered in a
 * buffer that grows with what has truly arrived, never with what a length field promises.
 */
export class FrameAssembler {
  buffer: Buffer = NOTHING;
  firstByte = 0;
  bodyStart = 0;
  bodyEnd = 0;
  failure: DecodeFailure | undefined;
  private offset = 0;
  private end = 0;
  private owned = false;

  /** @param maxPacketSize bytes of a whole packet, fixed header included */
  constructor(public maxPacketSize: number) {}

  /** Bytes that arrived and are not yet part of a packet handed out. */
  get pending(): number {
    return this.end - this.offset;
  }

  /** The first byte of the next packet, undefined until it is there. */
  peek(): number | undefined {
    return this.offset < this.end ? this.buffer[this.offset] : undefined;
  }

  push(chunk: Buffer): void {
    if (this.offset < this.end) {
      this.append(chunk);
      return;
    }
    this.buffer = chunk;
    this.offset = 0;
    this.end = chunk.length;
    this.owned = false;
  }

  next(): boolean {
    if (this.end - this.offset < 2 || this.failure) return this.wait();
    let at = this.offset + 1;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      if (at === this.end) return this.wait();
      const byte = this.buffer[at++]!;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (byte === 0 && shift > 0)
          return this.fail(ReasonCode.MalformedPacket, 'remaining length not minimal');
        break;
      }
      if (shift === 21) return this.fail(ReasonCode.MalformedPacket, 'remaining length too long');
    }
    const stop = at + length;
    if (stop - this.offset > this.maxPacketSize)
      return this.fail(ReasonCode.PacketTooLarge, 'packet too large');
    if (stop > this.end) return this.wait();
    this.firstByte = this.buffer[this.offset]!;
    this.bodyStart = at;
    this.bodyEnd = stop;
    this.offset = stop;
    return true;
  }

  /** Lets go of the bytes. */
  clear(): void {
    this.buffer = NOTHING;
    this.offset = this.end = 0;
    this.owned = false;
  }

  private wait(): false {
    if (this.offset === this.end) this.clear();
    else if (!this.owned && this.pending * 2 < this.buffer.length) this.grow(this.pending); // do not pin a large chunk
    return false;
  }

  private fail(reasonCode: number, message: string): false {
    this.failure = { type: 0, reasonCode, message };
    this.clear();
    return false;
  }

  private append(chunk: Buffer): void {
    const pending = this.end - this.offset;
    if (!this.owned || this.end + chunk.length > this.buffer.length) this.grow(pending + chunk.length);
    chunk.copy(this.buffer, this.end);
    this.end += chunk.length;
  }

  /** A new buffer: views on the old one may have been handed out. */
  private grow(needed: number): void {
    const pending = this.end - this.offset;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, pending * 2));
    this.buffer.copy(larger, 0, this.offset, this.end);
    this.buffer = larger;
    this.offset = 0;
    this.end = pending;
    this.owned = true;
  }
}
