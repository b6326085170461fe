import { decodeConnect } from './decode-connect.js';
import {
  decodeAcknowledgement,
  decodeAuth,
  decodeConnack,
  decodeDisconnect,
  decodeSuback,
  decodeUnsuback,
} from './decode-acknowledgement.js';
import { decodePublish } from './decode-publish.js';
import { decodeSubscribe, decodeUnsubscribe } from './decode-subscriptions.js';
import { PacketReader } from './packet-reader.js';
import { PacketType, type DecodeFailure, type Packet, type ProtocolVersion } from './packets.js';

const reader = new PacketReader();

/**
 * Decodes the body of one packet, from `start` to `end` of `buffer`, whatever its direction.
 * Strings are copied, payloads and binary data are views on `buffer`.
 * @param firstByte of the fixed header: type and flags
 */
export function decodePacket(
  firstByte: number,
  buffer: Buffer,
  start: number,
  end: number,
  version: ProtocolVersion,
): Packet | DecodeFailure {
  reader.open(buffer, start, end);
  checkFlags(firstByte, version);
  const packet = decodeBody(firstByte, version);
  if (reader.remaining > 0) reader.malformed('bytes after the end of the packet');
  const failure = reader.failure;
  reader.close();
  return failure ?? packet ?? { type: 0, reasonCode: 0x81, message: 'reserved packet type' };
}

/** Flags of the fixed header are fixed for all but PUBLISH [MQTT-2.1.3-1] (3.1.1: [MQTT-2.2.2-2]). */
function checkFlags(firstByte: number, version: ProtocolVersion): void {
  const type = firstByte >> 4;
  if (type === PacketType.PUBLISH) return;
  const flags = firstByte & 0x0f;
  const asked =
    type === PacketType.PUBREL || type === PacketType.SUBSCRIBE || type === PacketType.UNSUBSCRIBE;
  if (flags === (asked ? 2 : 0)) return;
  // COMPAT: 3.1 repeats these three with DUP set (MQTT 3.1 §2.1).
  if (asked && version === 3 && flags === 0x0a) return;
  reader.malformed('reserved flags of the fixed header');
}

function decodeBody(firstByte: number, version: ProtocolVersion): Packet | undefined {
  const type = firstByte >> 4;
  switch (type) {
    case PacketType.PUBLISH:
      return decodePublish(reader, firstByte & 0x0f, version);
    case PacketType.PUBACK:
    case PacketType.PUBREC:
    case PacketType.PUBREL:
    case PacketType.PUBCOMP:
      return decodeAcknowledgement(reader, type, version);
    case PacketType.PINGREQ:
    case PacketType.PINGRESP:
      return { type };
    default:
      return decodeRare(type, version);
  }
}

function decodeRare(type: number, version: ProtocolVersion): Packet | undefined {
  switch (type) {
    case PacketType.CONNECT:
      return decodeConnect(reader);
    case PacketType.CONNACK:
      return decodeConnack(reader, version);
    case PacketType.SUBSCRIBE:
      return decodeSubscribe(reader, version);
    case PacketType.SUBACK:
      return decodeSuback(reader, version);
    case PacketType.UNSUBSCRIBE:
      return decodeUnsubscribe(reader, version);
    case PacketType.UNSUBACK:
      return decodeUnsuback(reader, version);
    case PacketType.DISCONNECT:
      return decodeDisconnect(reader, version);
    case PacketType.AUTH:
      return decodeAuth(reader, version);
    default:
      reader.malformed('reserved packet type'); // §2.1.2
      return undefined;
  }
}
