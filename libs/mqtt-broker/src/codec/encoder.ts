import { ReasonCode } from '../reason-codes.js';
import { encodePublishHead } from './encode-publish.js';
import { PacketWriter } from './packet-writer.js';
import {
  PacketType,
  type AcknowledgementPacket,
  type AuthPacket,
  type ConnackPacket,
  type ConnectPacket,
  type DisconnectPacket,
  type Packet,
  type Properties,
  type ProtocolVersion,
  type PublishPacket,
  type SubackPacket,
  type SubscribePacket,
  type UnsubackPacket,
  type UnsubscribePacket,
  type Will,
} from './packets.js';
import { encodeProperties } from './properties.js';

const writer = new PacketWriter();
const EMPTY_BLOCK_LENGTH = 1;

/**
 * One whole packet for the wire, either direction.
 * @throws RangeError when a field is longer than the protocol can say
 */
export function encodePacket(packet: Packet, version: ProtocolVersion): Buffer {
  switch (packet.type) {
    case PacketType.CONNECT:
      return encodeConnect(packet);
    case PacketType.CONNACK:
      return encodeConnack(packet, version);
    case PacketType.PUBLISH:
      return encodePublish(packet, version);
    case PacketType.SUBSCRIBE:
      return encodeSubscribe(packet, version);
    case PacketType.SUBACK:
    case PacketType.UNSUBACK:
      return encodeSubscriptionReply(packet, version);
    case PacketType.UNSUBSCRIBE:
      return encodeUnsubscribe(packet, version);
    case PacketType.PINGREQ:
    case PacketType.PINGRESP:
      return Buffer.from([packet.type << 4, 0]);
    case PacketType.DISCONNECT:
    case PacketType.AUTH:
      return encodeReason(packet, version);
    default:
      return encodeAcknowledgement(packet, version);
  }
}

function encodeConnect(packet: ConnectPacket): Buffer {
  const { protocolVersion, will, username, password } = packet;
  writer.reset();
  writer.utf8(protocolVersion === 3 ? 'MQIsdp' : 'MQTT').byte(protocolVersion);
  writer.byte(connectFlags(packet)).uint16(packet.keepAlive);
  if (protocolVersion === 5) writer.bytes(encodeProperties(packet.properties));
  writer.utf8(packet.clientId);
  if (will) writeWill(will, protocolVersion);
  if (username !== undefined) writer.utf8(username);
  if (password !== undefined) writer.binary(password);
  return writer.packet(PacketType.CONNECT << 4);
}

function connectFlags({ clean, will, username, password }: ConnectPacket): number {
  const willFlags = will ? 0x04 | (will.qos << 3) | (will.retain ? 0x20 : 0) : 0;
  return (clean ? 2 : 0) | willFlags | (password ? 0x40 : 0) | (username === undefined ? 0 : 0x80);
}

function writeWill(will: Will, version: ProtocolVersion): void {
  if (version === 5) writer.bytes(encodeProperties(will.properties));
  writer.utf8(will.topic).binary(will.payload);
}

function encodeConnack(packet: ConnackPacket, version: ProtocolVersion): Buffer {
  writer
    .reset()
    .byte(packet.sessionPresent ? 1 : 0)
    .byte(packet.reasonCode);
  if (version === 5) writer.bytes(encodeProperties(packet.properties));
  return writer.packet(PacketType.CONNACK << 4);
}

function encodePublish(packet: PublishPacket, version: ProtocolVersion): Buffer {
  const head = encodePublishHead(packet, version === 5 ? encodeProperties(packet.properties) : undefined);
  return head.inline ? head.bytes : Buffer.concat([head.bytes, packet.payload]);
}

/** In 5.0 a plain success is two bytes long, like in 3.1.1 (§3.4.2.1). */
function encodeAcknowledgement(packet: AcknowledgementPacket, version: ProtocolVersion): Buffer {
  writer.reset().uint16(packet.packetId);
  if (version === 5) writeReason(packet.reasonCode, packet.properties);
  return writer.packet((packet.type << 4) | (packet.type === PacketType.PUBREL ? 2 : 0));
}

/** Leaves out what may be left out: the code 0 without properties, the properties where there are none. */
function writeReason(reasonCode: number, properties: Properties | undefined): void {
  const block = encodeProperties(properties);
  const plain = block.length === EMPTY_BLOCK_LENGTH;
  if (reasonCode === ReasonCode.Success && plain) return;
  writer.byte(reasonCode);
  if (!plain) writer.bytes(block);
}

function encodeReason(packet: DisconnectPacket | AuthPacket, version: ProtocolVersion): Buffer {
  writer.reset();
  if (version === 5) writeReason(packet.reasonCode, packet.properties);
  return writer.packet(packet.type << 4);
}

function encodeSubscribe(packet: SubscribePacket, version: ProtocolVersion): Buffer {
  writer.reset().uint16(packet.packetId);
  if (version === 5) writer.bytes(encodeProperties(packet.properties));
  for (const { filter, qos, noLocal, retainAsPublished, retainHandling } of packet.subscriptions) {
    const options = (noLocal ? 4 : 0) | (retainAsPublished ? 8 : 0) | (retainHandling << 4);
    writer.utf8(filter).byte(version === 5 ? qos | options : qos);
  }
  return writer.packet((PacketType.SUBSCRIBE << 4) | 2);
}

function encodeUnsubscribe(packet: UnsubscribePacket, version: ProtocolVersion): Buffer {
  writer.reset().uint16(packet.packetId);
  if (version === 5) writer.bytes(encodeProperties(packet.properties));
  for (const filter of packet.filters) writer.utf8(filter);
  return writer.packet((PacketType.UNSUBSCRIBE << 4) | 2);
}

function encodeSubscriptionReply(packet: SubackPacket | UnsubackPacket, version: ProtocolVersion): Buffer {
  writer.reset().uint16(packet.packetId);
  if (version === 5) writer.bytes(encodeProperties(packet.properties));
  if (version === 5 || packet.type === PacketType.SUBACK) writer.bytes(Buffer.from(packet.reasonCodes));
  return writer.packet(packet.type << 4);
}
