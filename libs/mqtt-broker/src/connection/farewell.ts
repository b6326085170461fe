import { PacketType, type ConnackPacket, type DisconnectPacket } from '../codec/packets.js';
import { allowedReasonCodes } from '../codec/reason-code-table.js';
import { connackReturnCode, ReasonCode } from '../reason-codes.js';
import type { Connection } from './connection.js';

/** Tells a connected 5.0 client why; a 3.x server has no DISCONNECT. */
export function sendDisconnect(connection: Connection, reasonCode: number, detail?: string): void {
  if (connection.version !== 5) return;
  sendWithReason(connection, { type: PacketType.DISCONNECT, reasonCode }, detail);
}

/** The CONNACK of a refusal; none where 3.x has no return code for it (3.1.1 [MQTT-3.2.2-6]). */
export function sendRefusal(connection: Connection, reasonCode: number, detail?: string): void {
  const type = PacketType.CONNACK;
  if (connection.version === 5) {
    sendWithReason(connection, { type, sessionPresent: false, reasonCode: connackCode(reasonCode) }, detail);
    return;
  }
  const returnCode = connackReturnCode(reasonCode);
  if (returnCode !== undefined) connection.send({ type, sessionPresent: false, reasonCode: returnCode });
}

/** Not every reason to disconnect is one to refuse [MQTT-3.2.2-8]. */
function connackCode(reasonCode: number): number {
  if (allowedReasonCodes[PacketType.CONNACK]?.has(reasonCode)) return reasonCode;
  return reasonCode === ReasonCode.ServerShuttingDown
    ? ReasonCode.ServerUnavailable
    : ReasonCode.UnspecifiedError;
}

/** The reason string goes along where the client's Maximum Packet Size has room for it [MQTT-3.2.2-19], [MQTT-3.14.2-3]. */
function sendWithReason(
  connection: Connection,
  packet: ConnackPacket | DisconnectPacket,
  reasonString: string | undefined,
): void {
  if (reasonString !== undefined && connection.send({ ...packet, properties: { reasonString } })) return;
  connection.send(packet);
}
