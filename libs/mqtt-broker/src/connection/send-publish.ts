import { encodePublishHead, propertyBlock, type PublishHead } from '../codec/encode-publish.js';
import type { Properties, QoS } from '../codec/packets.js';
import type { InflightEntry } from '../inflight/inflight-window.js';
import type { Publication, WireVariant } from '../inflight/publication.js';
import type { DirectDelivery } from '../message.js';
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
export function sendDirect(
  connection: Connection,
  delivery: DirectDelivery,
  packetId: number,
  dup: boolean,
  properties: Properties | undefined = delivery.properties,
): boolean {
  const { topic, payload, qos, retain = false } = delivery;
  const block = connection.version === 5 ? propertyBlock(properties) : undefined;
  return pushHead(
    connection,
    encodePublishHead({ topic, payload, qos, retain, dup, packetId }, block),
    payload,
  );
}

/** Repeats an unacknowledged message with DUP under its own identifier [MQTT-3.3.1-1], [MQTT-4.4.0-1]. */
export function resend(connection: Connection, entry: InflightEntry): boolean {
  const { packetId, qos, retain, identifiers, publication, delivery } = entry;
  const elapsed = Math.floor((connection.engine.now() - entry.sentAt) / 1000);
  if (delivery) return sendDirect(connection, delivery, packetId, true, aged(delivery.properties, elapsed));
  if (!publication) return true;
  const { topic, payload } = publication;
  const properties = { ...aged(publication.properties, elapsed), subscriptionIdentifiers: identifiers };
  const block = connection.version === 5 ? propertyBlock(properties) : undefined;
  return pushHead(
    connection,
    encodePublishHead({ topic, payload, qos, retain, dup: true, packetId }, block),
    payload,
  );
}

/** The time spent here is taken from the message expiry interval [MQTT-3.3.2-6]. */
function aged(properties: Properties | undefined, seconds: number): Properties | undefined {
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
