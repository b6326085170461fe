const INITIAL_SIZE = 4096;
/** A scratch buffer that grew past this for one large packet is let go afterwards. */
const KEPT_SIZE = 1 << 20;
const HEADER_ROOM = 5;
/** The largest Remaining Length that four bytes can say (MQTT 5.0 §1.5.5). */
export const MAX_REMAINING_LENGTH = 268_435_455;
/** Bytes of the largest packet there can be: its fixed header takes five. */
export const MAX_PACKET_SIZE = MAX_REMAINING_LENGTH + 5;

/** How many bytes a Variable Byte Integer takes. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  return value < 0x200000 ? 3 : 4;
}

/** Writes a Variable Byte Integer and says where it ended. */
export function writeVarint(target: Buffer, offset: number, value: number): number {
  let rest = value;
  while (rest >= 0x80) {
    target[offset++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[offset++] = rest;
  return offset;
}

/** Gathers the body of one packet in a scratch buffer, then hands out header and body as one buffer of their own. */
export class PacketWriter {
  private scratch = Buffer.allocUnsafeSlow(INITIAL_SIZE);
  private end = HEADER_ROOM;

  reset(): this {
    if (this.scratch.length > KEPT_SIZE) this.scratch = Buffer.allocUnsafeSlow(INITIAL_SIZE);
    this.end = HEADER_ROOM;
    return this;
  }

  get length(): number {
    return this.end - HEADER_ROOM;
  }

  byte(value: number): this {
    this.room(1);
    this.scratch[this.end++] = value;
    return this;
  }

  uint16(value: number): this {
    this.room(2);
    this.scratch[this.end++] = value >>> 8;
    this.scratch[this.end++] = value;
    return this;
  }

  uint32(value: number): this {
    this.room(4);
    this.end = this.scratch.writeUInt32BE(value, this.end);
    return this;
  }

  varint(value: number): this {
    this.room(4);
    this.end = writeVarint(this.scratch, this.end, value);
    return this;
  }

  utf8(value: string): this {
    const length = Buffer.byteLength(value);
    if (length > 0xffff) throw new RangeError('MQTT string longer than 65,535 bytes');
    this.uint16(length).room(length);
    this.end += this.scratch.write(value, this.end, 'utf8');
    return this;
  }

  binary(value: Buffer): this {
    if (value.length > 0xffff) throw new RangeError('MQTT binary data longer than 65,535 bytes');
    return this.uint16(value.length).bytes(value);
  }

  bytes(value: Buffer): this {
    this.room(value.length);
    value.copy(this.scratch, this.end);
    this.end += value.length;
    return this;
  }

  /** The body alone, copied out. */
  body(): Buffer {
    return Buffer.from(this.scratch.subarray(HEADER_ROOM, this.end));
  }

  /** The whole packet: first byte of the fixed header, Remaining Length, body. */
  packet(firstByte: number): Buffer {
    const start = HEADER_ROOM - 1 - varintSize(this.length);
    this.scratch[start] = firstByte;
    writeVarint(this.scratch, start + 1, this.length);
    return Buffer.from(this.scratch.subarray(start, this.end));
  }

  private room(bytes: number): void {
    const needed = this.end + bytes;
    if (needed <= this.scratch.length) return;
    if (needed - HEADER_ROOM > MAX_REMAINING_LENGTH) throw new RangeError('MQTT packet too large');
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.scratch.length * 2));
    this.scratch.copy(larger, 0, 0, this.end);
    this.scratch = larger;
  }
}
