import type { PacketReader } from './packet-reader.js';
import {
  PacketType,
  type ProtocolVersion,
  type QoS,
  type SubscribePacket,
  type SubscriptionRequest,
  type UnsubscribePacket,
} from './packets.js';
import { readProperties } from './properties.js';
import { readTopicFilter } from './topic-fields.js';

/** SUBSCRIBE (3.1.1 §3.8, 5.0 §3.8). */
export function decodeSubscribe(reader: PacketReader, version: ProtocolVersion): SubscribePacket {
  const type = PacketType.SUBSCRIBE;
  const packetId = reader.packetId();
  const properties = version === 5 ? readProperties(reader, type) : undefined;
  const subscriptions: SubscriptionRequest[] = [];
  while (reader.remaining > 0) subscriptions.push(readSubscription(reader, version));
  if (subscriptions.length === 0) reader.protocolError('SUBSCRIBE without a topic filter'); // [MQTT-3.8.3-2]
  return { type, packetId, subscriptions, properties };
}

function readSubscription(reader: PacketReader, version: ProtocolVersion): SubscriptionRequest {
  const filter = readTopicFilter(reader);
  const options = reader.byte();
  const reserved = version === 5 ? 0xc0 : 0xfc;
  if ((options & reserved) !== 0) reader.malformed('reserved bits in subscription options'); // [MQTT-3.8.3-5]
  if ((options & 3) === 3) reader.protocolError('subscription with QoS 3'); // §3.8.3.1, 3.1.1 [MQTT-3-8.3-4]
  const noLocal = (options & 4) !== 0;
  const retainHandling = (options >> 4) & 3;
  if (retainHandling === 3) reader.protocolError('retain handling 3'); // §3.8.3.1
  if (noLocal && filter.startsWith('$share/')) {
    reader.protocolError('no-local on a shared subscription'); // [MQTT-3.8.3-4]
  }
  return {
    filter,
    qos: (options & 3) as QoS,
    noLocal,
    retainAsPublished: (options & 8) !== 0,
    retainHandling: retainHandling as 0 | 1 | 2,
  };
}

/** UNSUBSCRIBE (3.1.1 §3.10, 5.0 §3.10). */
export function decodeUnsubscribe(reader: PacketReader, version: ProtocolVersion): UnsubscribePacket {
  const type = PacketType.UNSUBSCRIBE;
  const packetId = reader.packetId();
  const properties = version === 5 ? readProperties(reader, type) : undefined;
  const filters: string[] = [];
  while (reader.remaining > 0) filters.push(readTopicFilter(reader));
  if (filters.length === 0) reader.protocolError('UNSUBSCRIBE without a topic filter'); // [MQTT-3.10.3-2]
  return { type, packetId, filters, properties };
}
