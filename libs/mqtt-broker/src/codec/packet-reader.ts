import { isUtf8 } from 'node:buffer';
import { ReasonCode } from '../reason-codes.js';
import type { DecodeFailure } from './packets.js';

const NOTHING = Buffer.alloc(0);

/**
 * A bounded cursor over the body of one packet. The first fault sticks and moves the cursor to the end, so that
 * a decoder may read on without asking after each field; what it reads then is empty, and it asks once, at the end.
 */
export class PacketReader {
  buffer: Buffer = NOTHING;
  offset = 0;
  end = 0;
  failure: DecodeFailure | undefined;

  open(buffer: Buffer, start: number, end: number): this {
    this.buffer = buffer;
    this.offset = start;
    this.end = end;
    this.failure = undefined;
    return this;
  }

  /** Lets go of the bytes: a reader outlives its packets. */
  close(): void {
    this.buffer = NOTHING;
    this.offset = this.end = 0;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  fail(reasonCode: number, message: string): void {
    this.failure ??= { type: 0, reasonCode, message };
    this.offset = this.end;
  }

  malformed(message: string): void {
    this.fail(ReasonCode.MalformedPacket, message);
  }

  protocolError(message: string): void {
    this.fail(ReasonCode.ProtocolError, message);
  }

  byte(): number {
    if (this.offset >= this.end) {
      this.malformed('packet cut off');
      return 0;
    }
    return this.buffer[this.offset++]!;
  }

  uint16(): number {
    const at = this.offset;
    if (at + 2 > this.end) {
      this.malformed('packet cut off');
      return 0;
    }
    this.offset = at + 2;
    return (this.buffer[at]! << 8) | this.buffer[at + 1]!;
  }

  uint32(): number {
    const high = this.uint16();
    return high * 0x10000 + this.uint16();
  }

  /** Variable Byte Integer: at most four bytes, in the fewest possible [MQTT-1.5.5-1]. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (byte === 0 && shift > 0) this.malformed('variable byte integer not minimal');
        return value;
      }
    }
    this.malformed('variable byte integer too long');
    return 0;
  }

  /** A packet identifier; zero is none [MQTT-2.2.1-3] (3.1.1: [MQTT-2.3.1-1]). */
  packetId(): number {
    const id = this.uint16();
    if (id === 0) this.protocolError('packet identifier 0');
    return id;
  }

  /** A view on the bytes, not a copy. */
  binary(): Buffer {
    const length = this.uint16();
    const start = this.offset;
    if (start + length > this.end) {
      this.malformed('packet cut off');
      return NOTHING;
    }
    this.offset = start + length;
    return this.buffer.subarray(start, start + length);
  }

  /** A view on all that is left. */
  rest(): Buffer {
    const start = this.offset;
    this.offset = this.end;
    return this.buffer.subarray(start, this.end);
  }

  /** A UTF-8 string: well-formed, no surrogates [MQTT-1.5.4-1], no U+0000 [MQTT-1.5.4-2], U+FEFF kept [MQTT-1.5.4-3]. */
  utf8(): string {
    const length = this.uint16();
    const start = this.offset;
    const stop = start + length;
    if (stop > this.end) {
      this.malformed('packet cut off');
      return '';
    }
    this.offset = stop;
    for (let i = start; i < stop; i++) {
      const byte = this.buffer[i]!;
      if (byte === 0) return this.badString('U+0000 in a string');
      if (byte >= 0x80) return this.wideUtf8(start, stop);
    }
    return this.buffer.toString('latin1', start, stop);
  }

  private wideUtf8(start: number, stop: number): string {
    const bytes = this.buffer.subarray(start, stop);
    if (!isUtf8(bytes)) return this.badString('string is not UTF-8');
    if (bytes.includes(0)) return this.badString('U+0000 in a string');
    return bytes.toString('utf8');
  }

  private badString(message: string): string {
    this.malformed(message);
    return '';
  }
}
