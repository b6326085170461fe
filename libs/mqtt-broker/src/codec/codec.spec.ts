import { decodePacket } from './decoder.js';
import { encodePacket } from './encoder.js';
import { framingFailures, failureFixtures, packetFixtures, type FailureFixture } from './fixtures/index.js';
import { FrameAssembler } from './frame-assembler.js';
import type { DecodeFailure, Packet, ProtocolVersion } from './packets.js';

/** A packet that is the only one in its bytes. */
function decode(bytes: Buffer, version: ProtocolVersion): Packet | DecodeFailure {
  const assembler = new FrameAssembler(1024 * 1024);
  assembler.push(bytes);
  if (!assembler.next()) return assembler.failure ?? { type: 0, reasonCode: 0, message: 'incomplete' };
  const { firstByte, buffer, bodyStart, bodyEnd } = assembler;
  return decodePacket(firstByte, buffer, bodyStart, bodyEnd, version);
}

const title = ({ name, version }: { name: string; version: number }): string => `${name} (level ${version})`;

describe('codec', () => {
  it('has a table worth the name', () => {
    expect(packetFixtures.length).toBeGreaterThan(300);
    expect(failureFixtures.length).toBeGreaterThan(500);
    const names = [...packetFixtures, ...failureFixtures].map(title);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  describe('decodes', () => {
    it.each(packetFixtures.map((fixture) => [title(fixture), fixture] as const))('%s', (_, fixture) => {
      expect(decode(fixture.bytes, fixture.version)).toEqual(fixture.packet);
    });
  });

  describe('encodes', () => {
    const encodable = packetFixtures.filter((fixture) => !fixture.decodeOnly);
    it.each(encodable.map((fixture) => [title(fixture), fixture] as const))(
      '%s',
      (_, { packet, version, bytes }) => {
        expect(encodePacket(packet, version).toString('hex')).toBe(bytes.toString('hex'));
      },
    );
  });

  describe('refuses', () => {
    const all: readonly FailureFixture[] = [...failureFixtures, ...framingFailures];
    it.each(all.map((fixture) => [title(fixture), fixture] as const))('%s', (_, fixture) => {
      expect(decode(fixture.bytes, fixture.version)).toMatchObject({
        type: 0,
        reasonCode: fixture.reasonCode,
      });
    });
  });

  describe('a packet cut off anywhere inside its body', () => {
    it.each(packetFixtures.map((fixture) => [title(fixture), fixture] as const))('%s', (_, fixture) => {
      const { bytes, version } = fixture;
      const assembler = new FrameAssembler(1024 * 1024);
      assembler.push(bytes);
      assembler.next();
      const step = Math.max(1, Math.floor(bytes.length / 64));
      for (let end = assembler.bodyStart; end < assembler.bodyEnd; end += step) {
        expect(() => decodePacket(bytes[0]!, bytes, assembler.bodyStart, end, version)).not.toThrow();
      }
    });
  });
});
