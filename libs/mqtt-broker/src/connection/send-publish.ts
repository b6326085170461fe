import { encodePublishHead, propertyBlock, type PublishHead } from '../codec/encode-publish.js';
import { MAX_PACKET_SIZE } from '../codec/packet-writer.js';
import type { QoS } from '../codec/packets.js';
import type { InflightEntry } from '../inflight/inflight-window.js';
import type { Publication, WireVariant } from '../inflight/publication.js';
import type { DirectDelivery, MessageProperties } from '../message.js';
import type { Connection } from './connection.js';

/** Filled anew for each recipient: a fan-out makes no object per delivery. */
const wanted: WireVariant = { v5: false, qos: 0, retain: false, identifiers: undefined, alias: 0 };

/**
 * Sends a publication of the topic tree under a packet identifier (0 at QoS 0).
 * False: it is above the client's Maximum Packet Size [MQTT-3.1.2-24].
 */
export function sendPublication(
  connection: Connection,
  publication: Publication,
  qos: QoS,
  retain: boolean,
  identifiers: number[] | undefined,
  packetId: number,
): boolean {
  const v5 = connection.version === 5;
  wanted.v5 = v5;
  wanted.qos = qos;
  wanted.retain = retain;
  wanted.identifiers = v5 ? identifiers : undefined;
  wanted.alias = connection.aliases?.offer(publication.topic) ?? 0;
  const form = publication.form(wanted, connection.engine.now);
  if (form.head.size > connection.maxPacketSize) return false;
  connection.engine.traffic.publicationSent(publication.payloadLength);
  connection.aliases?.commit(wanted.alias, publication.topic);
  connection.outbox.push(form.withPacketId(packetId));
  if (!form.head.inline) connection.outbox.push(publication.payload);
  return true;
}

/** Sends a direct delivery; false if it is too large for the client or for the protocol. */
export function sendDirect(connection: Connection, delivery: DirectDelivery, packetId: number): boolean {
  return pushHead(connection, directHead(connection, delivery, packetId, false), delivery.payload);
}

/** Repeats an unacknowledged message with DUP under its own identifier [MQTT-3.3.1-1], [MQTT-4.4.0-1]. */
export function resend(connection: Connection, entry: InflightEntry): void {
  const head = repeatedHead(connection, entry);
  const message = entry.publication ?? entry.delivery;
  if (head && message) pushHead(connection, head, message.payload);
}

/** False: the client came back with a Maximum Packet Size that the message is above [MQTT-3.1.2-24]. */
export function takesAgain(connection: Connection, entry: InflightEntry): boolean {
  if (connection.maxPacketSize >= MAX_PACKET_SIZE) return true;
  return (repeatedHead(connection, entry)?.size ?? 0) <= connection.maxPacketSize;
}

/** Undefined: the message is gone, only its identifier is left. */
function repeatedHead(connection: Connection, entry: InflightEntry): PublishHead | undefined {
  const { packetId, qos, retain, identifiers, publication, delivery } = entry;
  const now = connection.engine.now();
  if (delivery) {
    const properties = aged(delivery.properties, Math.floor((now - entry.sentAt) / 1000));
    return directHead(connection, { ...delivery, ...(properties && { properties }) }, packetId, true);
  }
  if (!publication) return undefined;
  const { topic, payload } = publication;
  const properties = { ...publication.propertiesAt(now), subscriptionIdentifiers: identifiers };
  const block = connection.version === 5 ? propertyBlock(properties) : undefined;
  return encodePublishHead({ topic, payload, qos, retain, dup: true, packetId }, block);
}

function directHead(
  connection: Connection,
  { topic, payload, qos, retain = false, properties }: DirectDelivery,
  packetId: number,
  dup: boolean,
): PublishHead {
  const block = connection.version === 5 ? propertyBlock(properties) : undefined;
  return encodePublishHead({ topic, payload, qos, retain, dup, packetId }, block);
}

/** The time spent here is taken from the message expiry interval [MQTT-3.3.2-6]. */
function aged(properties: MessageProperties | undefined, seconds: number): MessageProperties | undefined {
  const interval = properties?.messageExpiryInterval;
  if (interval === undefined) return properties;
  return { ...properties, messageExpiryInterval: Math.max(0, interval - seconds) };
}

function pushHead(connection: Connection, head: PublishHead, payload: Buffer): boolean {
  if (head.size > connection.maxPacketSize) return false;
  connection.engine.traffic.publicationSent(payload.length);
  connection.outbox.push(head.bytes);
  if (!head.inline) connection.outbox.push(payload);
  return true;
}
