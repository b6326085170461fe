import { PacketType, type AcknowledgementPacket } from './packets.js';

/** Bytes of an acknowledgement that says nothing but success: the same in all versions (5.0 §3.4.2.1). */
export const PLAIN_ACKNOWLEDGEMENT_SIZE = 4;

/** Writes PUBACK, PUBREC, PUBREL or PUBCOMP with its packet identifier alone, and says where it ended. */
export function writePlainAcknowledgement(
  target: Buffer,
  offset: number,
  type: AcknowledgementPacket['type'],
  packetId: number,
): number {
  target[offset] = (type << 4) | (type === PacketType.PUBREL ? 2 : 0);
  target[offset + 1] = 2;
  target[offset + 2] = packetId >>> 8;
  target[offset + 3] = packetId & 0xff;
  return offset + PLAIN_ACKNOWLEDGEMENT_SIZE;
}
