import { PacketType, type AcknowledgementPacket } from '../codec/packets.js';
import type { Connection } from '../connection/connection.js';
import { ReasonCode } from '../reason-codes.js';
import { complete } from '../session/delivery.js';

/**
 * PUBREC: a QoS 2 message arrived, and its identifier is released next [MQTT-4.3.3-4]. With an error the exchange ends
 * there and its place is free at once [MQTT-4.4.0-2]. 3.x clients that repeat an unknown one get their PUBREL too.
 */
export function handlePubrec(connection: Connection, packet: AcknowledgementPacket): void {
  const { session } = connection;
  const { packetId } = packet;
  const entry = session?.window.get(packetId);
  const known = entry?.qos === 2 ? entry : undefined;
  if (session && known && packet.reasonCode >= 0x80) {
    complete(session, known, packet.reasonCode);
    return;
  }
  if (packet.reasonCode >= 0x80) return;
  if (known) {
    known.released = true;
    if (known.key !== 0) session?.record({ op: 'released', key: known.key, packetId });
    known.publication = undefined;
    if (known.delivery) known.delivery = { ...known.delivery, payload: Buffer.alloc(0) };
  }
  const reasonCode = known ? ReasonCode.Success : ReasonCode.PacketIdentifierNotFound;
  connection.acknowledge(PacketType.PUBREL, packetId, reasonCode);
}
