import type { AcknowledgementPacket } from '../codec/packets.js';
import type { Connection } from '../connection/connection.js';
import { complete } from '../session/delivery.js';

/** PUBACK: a QoS 1 message arrived (MQTT 5.0 §4.3.2), or was refused. One that belongs to nothing is passed over. */
export function handlePuback(connection: Connection, packet: AcknowledgementPacket): void {
  const { session } = connection;
  const entry = session?.window.get(packet.packetId);
  if (session && entry?.qos === 1) complete(session, entry, packet.reasonCode);
}
