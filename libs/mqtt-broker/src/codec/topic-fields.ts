import type { PacketReader } from './packet-reader.js';

/** A topic name to publish to; wildcards belong in filters alone [MQTT-3.3.2-2]. */
export function readTopicName(reader: PacketReader): string {
  const topic = reader.utf8();
  if (topic.includes('+') || topic.includes('#')) reader.malformed('wildcard in a topic name');
  return topic;
}

/** A topic filter; its form is judged by the subscription, its emptiness here [MQTT-4.7.3-1]. */
export function readTopicFilter(reader: PacketReader): string {
  const filter = reader.utf8();
  if (filter.length === 0) reader.malformed('empty topic filter');
  return filter;
}
