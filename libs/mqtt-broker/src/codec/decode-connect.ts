import { ReasonCode } from '../reason-codes.js';
import type { PacketReader } from './packet-reader.js';
import { PacketType, type ConnectPacket, type ProtocolVersion, type QoS, type Will } from './packets.js';
import { readProperties } from './properties.js';
import { WILL_PROPERTIES } from './property-table.js';
import { readTopicName } from './topic-fields.js';

const RESERVED = 0x01;
const CLEAN = 0x02;
const WILL = 0x04;
const WILL_QOS = 0x18;
const WILL_RETAIN = 0x20;
const PASSWORD = 0x40;
const USER_NAME = 0x80;

/** CONNECT (MQTT 3.1.1 §3.1, 5.0 §3.1). A failure carries the version as soon as that is known. */
export function decodeConnect(reader: PacketReader): ConnectPacket {
  const version = readVersion(reader);
  const packet = readBody(reader, version ?? 4);
  if (reader.remaining > 0) reader.malformed('bytes after the end of the packet');
  if (reader.failure && version !== undefined) reader.failure.protocolVersion = version;
  return packet;
}

function readVersion(reader: PacketReader): ProtocolVersion | undefined {
  const name = reader.utf8();
  const level = reader.byte();
  if (reader.failure) return undefined;
  if (name === 'MQTT' && (level === 4 || level === 5)) return level;
  if (name === 'MQIsdp' && level === 3) return 3;
  reader.fail(ReasonCode.UnsupportedProtocolVersion, `protocol ${JSON.stringify(name)} level ${level}`);
  return level >= 5 && level < 0x80 ? 5 : 4; // [MQTT-3.1.2-1], [MQTT-3.1.2-2]
}

function readBody(reader: PacketReader, version: ProtocolVersion): ConnectPacket {
  const flags = reader.byte();
  checkFlags(reader, flags, version);
  const keepAlive = reader.uint16();
  const properties = version === 5 ? readProperties(reader, PacketType.CONNECT) : undefined;
  if (properties?.authenticationData && properties.authenticationMethod === undefined) {
    reader.protocolError('authentication data without a method');
  }
  const clientId = reader.utf8();
  const will = (flags & WILL) !== 0 ? readWill(reader, flags, version) : undefined;
  // COMPAT: in 3.1 the Remaining Length takes precedence over the user name and password flags (MQTT 3.1 §3.1).
  const absent = version === 3 && reader.remaining === 0;
  const username = (flags & USER_NAME) !== 0 && !absent ? reader.utf8() : undefined;
  const absentPassword = version === 3 && reader.remaining === 0;
  const password = (flags & PASSWORD) !== 0 && !absentPassword ? reader.binary() : undefined;
  const type = PacketType.CONNECT;
  const clean = (flags & CLEAN) !== 0;
  return { type, protocolVersion: version, clean, keepAlive, clientId, username, password, will, properties };
}

function checkFlags(reader: PacketReader, flags: number, version: ProtocolVersion): void {
  const will = (flags & WILL) !== 0;
  if ((flags & RESERVED) !== 0 && version !== 3) {
    reader.malformed('reserved connect flag set'); // [MQTT-3.1.2-3]
  } else if ((flags & WILL_QOS) === WILL_QOS) {
    reader.malformed('will QoS 3'); // [MQTT-3.1.2-12]
  } else if (!will && (flags & (WILL_QOS | WILL_RETAIN)) !== 0 && version !== 3) {
    reader.malformed('will QoS or will retain without a will'); // [MQTT-3.1.2-11], [MQTT-3.1.2-13]
  } else if (version !== 5 && (flags & PASSWORD) !== 0 && (flags & USER_NAME) === 0) {
    reader.malformed('password without a user name'); // 3.1.1 [MQTT-3.1.2-22]
  }
}

function readWill(reader: PacketReader, flags: number, version: ProtocolVersion): Will {
  const properties = version === 5 ? readProperties(reader, WILL_PROPERTIES) : undefined;
  const topic = readTopicName(reader);
  if (!reader.failure && topic.length === 0) reader.malformed('empty will topic'); // [MQTT-4.7.3-1]
  const payload = reader.binary();
  const qos = ((flags & WILL_QOS) >> 3) as QoS;
  return { topic, payload, qos, retain: (flags & WILL_RETAIN) !== 0, properties };
}
