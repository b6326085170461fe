import type { PacketReader } from './packet-reader.js';
import { PacketType, type ProtocolVersion, type PublishPacket, type QoS } from './packets.js';
import { readProperties } from './properties.js';
import { readTopicName } from './topic-fields.js';

/** PUBLISH (MQTT 3.1.1 §3.3, 5.0 §3.3). The payload is a view on the bytes read. */
export function decodePublish(reader: PacketReader, flags: number, version: ProtocolVersion): PublishPacket {
  const qos = ((flags >> 1) & 3) as QoS;
  const dup = (flags & 8) !== 0;
  if ((qos as number) === 3) reader.malformed('QoS 3'); // [MQTT-3.3.1-4]
  if (dup && qos === 0) reader.malformed('DUP at QoS 0'); // [MQTT-3.3.1-2]
  const topic = readTopicName(reader);
  const packetId = qos === 0 ? 0 : reader.packetId();
  const properties = version === 5 ? readProperties(reader, PacketType.PUBLISH) : undefined;
  if (topic.length === 0 && properties?.topicAlias === undefined && !reader.failure) {
    reader.protocolError('empty topic without a topic alias'); // §3.3.2.1, [MQTT-4.7.3-1]
  }
  const response = properties?.responseTopic;
  if (response !== undefined && (response.includes('+') || response.includes('#'))) {
    reader.protocolError('wildcard in a response topic'); // [MQTT-3.3.2-14]
  }
  const payload = reader.rest();
  return {
    type: PacketType.PUBLISH,
    topic,
    payload,
    qos,
    retain: (flags & 1) !== 0,
    dup,
    packetId,
    properties,
  };
}
