import type { LoggedPublication, MessageProperties, QoS, Will } from '@carillon/mqtt-broker';
import { pack, unpack } from './packed.js';

/** What JSON can say of properties; bytes are in base64. */
type PlainProperties = Omit<MessageProperties, 'correlationData'> & { correlationData?: string };

/** Everything of a publication but its payload. */
export interface PublicationHead {
  t: string;
  q: QoS;
  r?: 1;
  /** Properties. */
  p?: PlainProperties;
  /** Client id of the publisher. */
  c?: string;
  /** Expires at, ms. */
  e?: number;
  /** For this shared subscription alone. */
  s?: string;
}

export function publicationHead(publication: LoggedPublication): PublicationHead {
  const { topic, qos, retain, properties, publisher, expiresAt, share } = publication;
  const head: PublicationHead = { t: topic, q: qos };
  if (retain) head.r = 1;
  if (properties) head.p = plain(properties);
  if (publisher !== undefined) head.c = publisher;
  if (expiresAt !== Infinity) head.e = expiresAt;
  if (share !== undefined) head.s = share;
  return head;
}

export function publicationOf({ t, q, r, p, c, e, s }: PublicationHead, payload: Buffer): LoggedPublication {
  return {
    topic: t,
    qos: q,
    retain: r === 1,
    payload,
    properties: p && bytesIn(p),
    publisher: c,
    expiresAt: e ?? Infinity,
    share: s,
  };
}

export const packPublication = (publication: LoggedPublication): Buffer =>
  pack(publicationHead(publication), publication.payload);

export function unpackPublication(packed: Buffer): LoggedPublication {
  const { description, bytes } = unpack<PublicationHead>(packed);
  return publicationOf(description, bytes);
}

type WillHead = Omit<Will, 'payload' | 'properties'> & { properties?: PlainProperties };

export function packWill({ payload, properties, ...head }: Will): Buffer {
  return pack({ ...head, ...(properties && { properties: plain(properties) }) } satisfies WillHead, payload);
}

export function unpackWill(packed: Buffer): Will {
  const { description, bytes } = unpack<WillHead>(packed);
  const { properties, ...head } = description;
  return { ...head, payload: bytes, ...(properties && { properties: bytesIn(properties) }) };
}

function plain({ correlationData, ...properties }: MessageProperties): PlainProperties {
  return correlationData
    ? { ...properties, correlationData: correlationData.toString('base64') }
    : properties;
}

function bytesIn({ correlationData, ...properties }: PlainProperties): MessageProperties {
  if (correlationData === undefined) return properties;
  return { ...properties, correlationData: Buffer.from(correlationData, 'base64') };
}
