import { packetFixtures } from './fixtures/index.js';
import { FrameAssembler } from './frame-assembler.js';

const MEGABYTE = 1024 * 1024;

/** The packets in a stream that arrives in pieces. */
function cut(pieces: Buffer[], maxPacketSize = MEGABYTE): string[] {
  const assembler = new FrameAssembler(maxPacketSize);
  const packets: string[] = [];
  for (const piece of pieces) {
    assembler.push(piece);
    while (assembler.next()) {
      const { firstByte, buffer, bodyStart, bodyEnd } = assembler;
      packets.push(`${firstByte.toString(16)} ${buffer.toString('hex', bodyStart, bodyEnd)}`);
    }
  }
  expect(assembler.pending).toBe(0);
  return packets;
}

function pieces(stream: Buffer, size: (i: number) => number): Buffer[] {
  const all: Buffer[] = [];
  for (let at = 0; at < stream.length;) {
    const end = at + size(all.length);
    all.push(Buffer.from(stream.subarray(at, end)));
    at = end;
  }
  return all;
}

describe('FrameAssembler', () => {
  const stream = Buffer.concat(
    packetFixtures.filter(({ bytes }) => bytes.length < 1000).map(({ bytes }) => bytes),
  );
  const whole = cut([stream]);

  it.each([1, 2, 3, 7, 64, 1000, 4096])('finds the same packets in pieces of %i bytes', (size) => {
    expect(cut(pieces(stream, () => size))).toEqual(whole);
  });

  it('finds the same packets in pieces of changing size', () => {
    expect(cut(pieces(stream, (i) => 1 + ((i * 7919) % 97)))).toEqual(whole);
  });

  it('takes a large packet in small pieces in linear time', () => {
    const packet = Buffer.concat([Buffer.from([0x30, 0x80, 0x80, 0x20]), Buffer.alloc(512 * 1024, 'x')]);
    const before = performance.now();
    expect(cut(pieces(packet, () => 16))).toHaveLength(1);
    expect(performance.now() - before).toBeLessThan(2000);
  });

  it('takes a packet at the bound and fails one above it, before its body has come', () => {
    expect(cut([Buffer.concat([Buffer.from([0x30, 98]), Buffer.alloc(98)])], 100)).toHaveLength(1);
    const assembler = new FrameAssembler(100);
    assembler.push(Buffer.from([0x30, 99]));
    expect(assembler.next()).toBe(false);
    expect(assembler.failure?.reasonCode).toBe(0x95);
  });

  it('does not take memory for what a length only promises', () => {
    const assembler = new FrameAssembler(256 * MEGABYTE);
    assembler.push(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f, 1, 2, 3]));
    assembler.next();
    assembler.push(Buffer.from([4]));
    assembler.next();
    expect(assembler.buffer.length).toBeLessThan(100);
  });

  it('does not hold on to a large chunk for a few bytes at its end', () => {
    const assembler = new FrameAssembler(MEGABYTE);
    assembler.push(
      Buffer.concat([Buffer.from([0x30, 0x80, 0x80, 0x02]), Buffer.alloc(32 * 1024), Buffer.from([0x30])]),
    );
    expect(assembler.next()).toBe(true);
    expect(assembler.next()).toBe(false);
    expect(assembler.buffer.buffer.byteLength).toBeLessThan(100);
  });
});
