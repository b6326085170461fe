import type { QoS, StoredMessage, StoredSession, StoredSubscription } from '@carillon/mqtt-broker';
import { pack, unpack } from './packed.js';
import { publicationHead, type PublicationHead, publicationOf, unpackWill } from './publication-codec.js';

/** The fields of a session's hash, as HGETALL gives them. */
export type Fields = readonly Buffer[];

export const subscriptionField = (filter: string): string => `s:${filter}`;
export const receivedField = (packetId: number): string => `r:${packetId}`;
/** Beside the message itself, under its key. */
export const stateField = (key: number): string => `${key}:s`;

interface SubscriptionValue {
  q: QoS;
  /** No local. */
  n: boolean;
  /** Retain as published. */
  p: boolean;
  i?: number[] | undefined;
  /** Publications may come for it while its client is away. */
  routed: boolean;
}

export function subscriptionValue(subscription: StoredSubscription, routed: boolean): string {
  const { qos, noLocal, retainAsPublished, identifiers } = subscription;
  return JSON.stringify({
    q: qos,
    n: noLocal,
    p: retainAsPublished,
    i: identifiers,
    routed,
  } satisfies SubscriptionValue);
}

interface MessageHead extends PublicationHead {
  /** QoS and RETAIN to the subscriber. */
  Q: QoS;
  R: boolean;
  I?: number[] | undefined;
  /** The shared subscription that it came by. */
  S?: string | undefined;
}

export function packMessage({ qos, retain, identifiers, share, publication }: StoredMessage): Buffer {
  const head: MessageHead = { ...publicationHead(publication), Q: qos, R: retain, I: identifiers, S: share };
  return pack(head, publication.payload);
}

export const stateValue = (packetId: number, released: boolean): string => `${packetId},${released ? 1 : 0}`;

/** What the hash of a session says. */
export interface SessionRecord {
  readonly session: Omit<StoredSession, 'messages' | 'formerBroker'>;
  /** Publications may come for it while its client is away. */
  readonly routed: boolean;
}

export function sessionRecord(fields: Fields): SessionRecord {
  const text = new Map<string, string>();
  const session: SessionRecord['session'] = {
    identity: '',
    expiryInterval: 0,
    offlineSince: undefined,
    position: 0,
    subscriptions: [],
    received: [],
    will: undefined,
  };
  let routed = false;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!.toString();
    const value = fields[i + 1]!;
    if (name === 'will') session.will = unpackWill(value);
    else if (name.startsWith('s:')) routed = addSubscription(session, name.slice(2), value) || routed;
    else if (name.startsWith('r:')) session.received.push(Number(name.slice(2)));
    else text.set(name, value.toString());
  }
  session.identity = text.get('who') ?? '';
  session.expiryInterval = Number(text.get('expiry') ?? 0);
  session.position = Number(text.get('position') ?? 0);
  session.offlineSince = text.has('since') ? Number(text.get('since')) : undefined;
  return { session, routed };
}

function addSubscription(session: SessionRecord['session'], filter: string, value: Buffer): boolean {
  const { q, n, p, i, routed } = JSON.parse(value.toString()) as SubscriptionValue;
  session.subscriptions.push({ filter, qos: q, noLocal: n, retainAsPublished: p, identifiers: i });
  return routed;
}

export function storedMessages(fields: Fields): Map<number, StoredMessage> {
  const states = new Map<string, [packetId: number, released: boolean]>();
  const messages: [number, StoredMessage][] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!.toString();
    if (name.endsWith(':s')) {
      const [packetId, released] = fields[i + 1]!.toString().split(',');
      states.set(name.slice(0, -2), [Number(packetId), released === '1']);
    } else {
      messages.push([Number(name), unpackMessage(fields[i + 1]!)]);
    }
  }
  for (const [key, message] of messages)
    [message.packetId, message.released] = states.get(`${key}`) ?? [0, false];
  return new Map(messages.toSorted(([a], [b]) => a - b));
}

function unpackMessage(packed: Buffer): StoredMessage {
  const { description, bytes } = unpack<MessageHead>(packed);
  const { Q: qos, R: retain, I: identifiers, S: share, ...head } = description;
  return {
    qos,
    retain,
    identifiers,
    share,
    packetId: 0,
    released: false,
    publication: publicationOf(head, bytes),
  };
}
