import type { QoS } from '../codec/packets.js';
import type { Connection } from '../connection/connection.js';
import { sendPublication } from '../connection/send-publish.js';
import { InflightEntry } from '../inflight/inflight-window.js';
import type { Publication } from '../inflight/publication.js';
import type { DirectDelivery } from '../message.js';
import type { QueuedMessage } from '../inflight/message-queue.js';
import type { SharedGroup } from '../topics/shared-group.js';
import type { Recipient } from '../topics/subscription.js';
import { dropped } from './dropped.js';
import { recordQueued, recordSent } from './journal.js';
import { resendEntry } from './resume.js';
import type { Session } from './session.js';

/** Brings a publication to one recipient: sent, queued, or dropped by a stated bound. */
export function offer(session: Session, publication: Publication, recipient: Recipient): void {
  if (recipient.noLocal && publication.publisher === session.id) {
    if (recipient.own) offer(session, publication, recipient.own); // [MQTT-3.8.3-3]
    return;
  }
  const qos = Math.min(publication.qos, recipient.qos) as QoS; // [MQTT-3.8.4-8]
  const retain = publication.retain && recipient.retainAsPublished; // [MQTT-3.3.1-12], [MQTT-3.3.1-13]
  const { connection } = session;
  if (qos === 0) {
    if (connection && connection.flowing && !connection.congested) {
      sendPublication(connection, publication, 0, retain, recipient.identifiers, 0);
    } else if (connection) {
      session.engine.traffic.publicationDropped('not-reading');
    }
  } else if (connection && session.ready) {
    send(session, connection, publication, qos, retain, recipient, 0);
  } else {
    const { identifiers, share } = recipient;
    enqueue(session, { publication: publication.detach(), qos, retain, identifiers, share, key: 0 });
  }
}

/** Brings a publication to one member of a shared subscription, if there is one that may have it. */
export function offerToOne(group: SharedGroup, publication: Publication): void {
  const member = group.pick(publication.topic);
  if (member) offer(member.session, publication, member);
}

/** What a subscription adds to the messages that it brings. */
type Origin = Pick<Recipient, 'identifiers' | 'share'>;

/** @param key under which the session's store knows it already, or 0 */
function send(
  session: Session,
  connection: Connection,
  publication: Publication,
  qos: QoS,
  retain: boolean,
  { identifiers, share }: Origin,
  key: number,
): void {
  const packetId = session.window.nextPacketId();
  if (!sendPublication(connection, publication, qos, retain, identifiers, packetId)) {
    dropped(session, publication, key, 'too-large'); // [MQTT-3.1.2-25]
    return;
  }
  publication.detach();
  const sentAt = publication.expires ? session.engine.now() : 0;
  const entry = new InflightEntry(packetId, qos, retain, identifiers, publication, undefined, sentAt);
  entry.share = share;
  if (session.durable) entry.key = recordSent(session, entry, publication, key);
  session.window.add(entry);
}

function enqueue(session: Session, message: QueuedMessage): void {
  if (session.durable) message.key = recordQueued(session, message, message.publication, 0);
  for (const victim of session.queue.push(message)) {
    dropped(session, victim.publication, victim.key, 'queue-full');
  }
}

/** Sends what waits, as far as the window and the connection allow: repeats first, then the queue, then retained messages. */
export function pump(session: Session): void {
  const { connection } = session;
  if (!connection || !connection.flowing) return;
  while (session.resends && session.hasRoom) {
    const entry = session.resends.shift();
    if (entry) resendEntry(session, connection, entry);
    else session.resends = undefined;
  }
  if (session.resends) return;
  while (session.queued > 0 && session.hasRoom) sendQueued(session, connection, session.queue.shift()!);
  if (session.queued === 0) replay(session, connection);
}

function sendQueued(session: Session, connection: Connection, message: QueuedMessage): void {
  const { publication, qos, retain, key } = message;
  if (publication.expired(session.engine.now()))
    dropped(session, publication, key, 'expired'); // [MQTT-3.3.2-5]
  else send(session, connection, publication, qos, retain, message, key);
}

function replay(session: Session, connection: Connection): void {
  const { replays } = session;
  while (replays && replays.length > 0 && session.hasRoom) {
    const { subscription, messages } = replays[0]!;
    const next = messages.next();
    if (next.done) replays.shift();
    else if (!subscription.noLocal || next.value.publisher !== session.id) {
      sendRetained(session, connection, next.value, subscription);
    }
  }
  if (replays?.length === 0) session.replays = undefined;
}

/** RETAIN is set on what a new subscription brings (3.1.1 [MQTT-3.3.1-8]). */
function sendRetained(
  session: Session,
  connection: Connection,
  publication: Publication,
  to: Recipient,
): void {
  const qos = Math.min(publication.qos, to.qos) as QoS;
  if (qos === 0) sendPublication(connection, publication, 0, true, to.identifiers, 0);
  else send(session, connection, publication, qos, true, to, 0);
  publication.settle();
}

/** The exchange of one message is over: its place is free for a direct delivery that waits, else for the queue. */
export function complete(session: Session, entry: InflightEntry, reasonCode: number): void {
  session.window.remove(entry);
  if (entry.key !== 0) session.record({ op: 'done', key: entry.key });
  if (entry.delivery) acknowledged(session, entry.delivery, reasonCode);
  openWindow(session);
  pump(session);
}

function acknowledged({ connection, engine }: Session, { cookie }: DirectDelivery, reasonCode: number): void {
  const client = connection?.client;
  if (!client) return;
  engine.notify('onDeliveryAcknowledged', () =>
    engine.hooks.onDeliveryAcknowledged?.(client, cookie, reasonCode),
  );
}

/** Tells a caller whose direct delivery was turned away that there is room again. */
export function openWindow(session: Session): void {
  if (!session.directWaiting || !session.hasRoom) return;
  const client = session.connection?.client;
  if (!client) return;
  session.directWaiting = false;
  session.engine.notify('onWindowOpen', () => session.engine.hooks.onWindowOpen?.(client));
}
