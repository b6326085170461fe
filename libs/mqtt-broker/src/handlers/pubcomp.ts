import type { AcknowledgementPacket } from '../codec/packets.js';
import type { Connection } from '../connection/connection.js';
import { ReasonCode } from '../reason-codes.js';
import { complete } from '../session/delivery.js';

/** PUBCOMP: the exchange of a QoS 2 message is over (MQTT 5.0 §4.3.3). A client that had lost the identifier has the message. */
export function handlePubcomp(connection: Connection, packet: AcknowledgementPacket): void {
  const { session } = connection;
  const entry = session?.window.get(packet.packetId);
  if (session && entry?.released) complete(session, entry, ReasonCode.Success);
}
