import { PacketType, type ConnackPacket, type DisconnectPacket } from '../codec/packets.js';
import { allowedReasonCodes } from '../codec/reason-code-table.js';
import { connackReturnCode, ReasonCode } from '../reason-codes.js';
import type { Connection } from './connection.js';

/** What a goodbye may say beside its code. */
export interface FarewellDetails {
  readonly reasonString?: string;
  /** Hosts, as MQTT 5.0 §4.13.1 suggests: `host:port`, several with blanks between. */
  readonly serverReference?: string;
}

/** Tells a connected 5.0 client why; a 3.x server has no DISCONNECT. */
export function sendDisconnect(connection: Connection, reasonCode: number, details: FarewellDetails): void {
  if (connection.version !== 5) return;
  sendWithDetails(connection, { type: PacketType.DISCONNECT, reasonCode }, details);
}

/** The CONNACK of a refusal; none where 3.x has no return code for it (3.1.1 [MQTT-3.2.2-6]). */
export function sendRefusal(connection: Connection, reasonCode: number, details: FarewellDetails): void {
  const type = PacketType.CONNACK;
  if (connection.version === 5) {
    sendWithDetails(
      connection,
      { type, sessionPresent: false, reasonCode: connackCode(reasonCode) },
      details,
    );
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

/** Details go along where the client's Maximum Packet Size has room for them [MQTT-3.2.2-19], [MQTT-3.14.2-3]. */
function sendWithDetails(
  connection: Connection,
  packet: ConnackPacket | DisconnectPacket,
  { reasonString, serverReference }: FarewellDetails,
): void {
  const properties = {
    ...(reasonString !== undefined && { reasonString }),
    ...(serverReference !== undefined && { serverReference }),
  };
  if (Object.keys(properties).length > 0 && connection.send({ ...packet, properties })) return;
  connection.send(packet);
}
