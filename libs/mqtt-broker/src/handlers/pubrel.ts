import { PacketType, type AcknowledgementPacket } from '../codec/packets.js';
import type { Connection } from '../connection/connection.js';
import { ReasonCode } from '../reason-codes.js';

/** PUBREL: the client forgets the identifier of a QoS 2 message, and so do we [MQTT-4.3.3-11]. */
export function handlePubrel(connection: Connection, packet: AcknowledgementPacket): void {
  const { session } = connection;
  const { packetId } = packet;
  const known = session?.received?.delete(packetId) ?? false;
  if (known) session?.record({ op: 'forgotten', packetId });
  if (session?.received?.size === 0) session.received = undefined;
  const reasonCode = known ? ReasonCode.Success : ReasonCode.PacketIdentifierNotFound;
  connection.acknowledge(PacketType.PUBCOMP, packetId, reasonCode);
}
