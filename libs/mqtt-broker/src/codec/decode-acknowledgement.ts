import { ReasonCode } from '../reason-codes.js';
import type { PacketReader } from './packet-reader.js';
import {
  PacketType,
  type AcknowledgementPacket,
  type AuthPacket,
  type ConnackPacket,
  type DisconnectPacket,
  type ProtocolVersion,
  type SubackPacket,
  type UnsubackPacket,
} from './packets.js';
import { readProperties } from './properties.js';
import { allowedReasonCodes } from './reason-code-table.js';

function readReasonCode(reader: PacketReader, packetType: number): number {
  const code = reader.byte();
  if (!reader.failure && !allowedReasonCodes[packetType]?.has(code)) {
    reader.protocolError(`reason code 0x${code.toString(16)} does not belong to this packet`);
  }
  return code;
}

/** PUBACK, PUBREC, PUBREL, PUBCOMP (5.0 §3.4–3.7): reason code and properties may be left out in 5.0. */
export function decodeAcknowledgement(
  reader: PacketReader,
  type: AcknowledgementPacket['type'],
  version: ProtocolVersion,
): AcknowledgementPacket {
  const packetId = reader.packetId();
  const long = version === 5 && reader.remaining > 0;
  const reasonCode = long ? readReasonCode(reader, type) : ReasonCode.Success;
  const properties = long && reader.remaining > 0 ? readProperties(reader, type) : undefined;
  return { type, packetId, reasonCode, properties };
}

/** CONNACK (3.1.1 §3.2, 5.0 §3.2). */
export function decodeConnack(reader: PacketReader, version: ProtocolVersion): ConnackPacket {
  const type = PacketType.CONNACK;
  const flags = reader.byte();
  if (flags > 1) reader.malformed('reserved CONNACK flag set'); // [MQTT-3.2.2-1]
  const reasonCode = version === 5 ? readReasonCode(reader, type) : reader.byte();
  if (version !== 5 && reasonCode > 5) reader.malformed('unknown return code');
  const properties = version === 5 ? readProperties(reader, type) : undefined;
  if (flags === 1 && reasonCode !== 0) reader.protocolError('session present in a refusal'); // [MQTT-3.2.2-6]
  return { type, sessionPresent: flags === 1, reasonCode, properties };
}

/** SUBACK (3.1.1 §3.9, 5.0 §3.9). */
export function decodeSuback(reader: PacketReader, version: ProtocolVersion): SubackPacket {
  const type = PacketType.SUBACK;
  const packetId = reader.packetId();
  const properties = version === 5 ? readProperties(reader, type) : undefined;
  const reasonCodes: number[] = [];
  while (reader.remaining > 0) reasonCodes.push(readSubackCode(reader, version));
  if (reasonCodes.length === 0) reader.malformed('SUBACK without reason codes');
  return { type, packetId, reasonCodes, properties };
}

function readSubackCode(reader: PacketReader, version: ProtocolVersion): number {
  if (version === 5) return readReasonCode(reader, PacketType.SUBACK);
  const code = reader.byte();
  if (code > 2 && code !== 0x80) reader.malformed('reserved SUBACK return code'); // 3.1.1 [MQTT-3.9.3-2]
  return code;
}

/** UNSUBACK (3.1.1 §3.11, 5.0 §3.11): 3.x has a packet identifier alone. */
export function decodeUnsuback(reader: PacketReader, version: ProtocolVersion): UnsubackPacket {
  const type = PacketType.UNSUBACK;
  const packetId = reader.packetId();
  if (version !== 5) return { type, packetId, reasonCodes: [], properties: undefined };
  const properties = readProperties(reader, type);
  const reasonCodes: number[] = [];
  while (reader.remaining > 0) reasonCodes.push(readReasonCode(reader, type));
  if (reasonCodes.length === 0) reader.malformed('UNSUBACK without reason codes');
  return { type, packetId, reasonCodes, properties };
}

/** DISCONNECT (3.1.1 §3.14, 5.0 §3.14): 5.0 may leave out everything. */
export function decodeDisconnect(reader: PacketReader, version: ProtocolVersion): DisconnectPacket {
  const type = PacketType.DISCONNECT;
  const long = version === 5 && reader.remaining > 0;
  const reasonCode = long ? readReasonCode(reader, type) : ReasonCode.NormalDisconnection;
  const properties = long && reader.remaining > 0 ? readProperties(reader, type) : undefined;
  return { type, reasonCode, properties };
}

/** AUTH (5.0 §3.15): an empty one means Success. */
export function decodeAuth(reader: PacketReader, version: ProtocolVersion): AuthPacket {
  const type = PacketType.AUTH;
  if (version !== 5) reader.malformed('AUTH before MQTT 5.0');
  const long = reader.remaining > 0;
  const reasonCode = long ? readReasonCode(reader, type) : ReasonCode.Success;
  const properties = long && reader.remaining > 0 ? readProperties(reader, type) : undefined;
  const method = properties?.authenticationMethod;
  if (long && method === undefined) reader.protocolError('AUTH without an authentication method'); // §3.15.2.2.2
  return { type, reasonCode, properties };
}
