import { OrderedAcknowledgements } from '../cluster/ordered-acknowledgements.js';
import { PacketType, type PublishPacket } from '../codec/packets.js';
import type { ConnectedClient } from '../connection/connected-client.js';
import type { Connection } from '../connection/connection.js';
import { describe } from '../connection/connection-record.js';
import type { PublishVerdict } from '../hooks.js';
import { Publication } from '../inflight/publication.js';
import { levelCount } from '../topics/topic-filter.js';
import { ReasonCode } from '../reason-codes.js';
import { isSystemTopic } from '../statistics/sys-topics.js';
import type { Session } from '../session/session.js';
import { whenSettled } from './settled.js';

const MAX_RECEIVED_3X = 65_535;
/** Refusals for good: a 3.x client would only send the same again. */
const FINAL_REFUSALS = new Set<number>([
  ReasonCode.NotAuthorized,
  ReasonCode.TopicNameInvalid,
  ReasonCode.PayloadFormatInvalid,
]);

/** In `session.received`: the hooks have not answered yet. */
const UNDECIDED = -1;

/** A publication while the hooks judge it; the connection may be gone by the time they have. */
interface Arrival {
  connection: Connection;
  session: Session;
  client: ConnectedClient;
  packet: PublishPacket;
}

/** PUBLISH (MQTT 3.1.1 §3.3, 5.0 §3.3): judged by the hooks, acknowledged, routed. */
export function handlePublish(connection: Connection, packet: PublishPacket): void | Promise<void> {
  const { session, client } = connection;
  if (!session || !client || !readable(connection, session, packet)) return;
  const { topic, qos, retain, packetId } = packet;
  if (qos === 2) {
    if (session.received?.has(packetId)) return repeated(connection, session, packet);
    (session.received ??= new Map()).set(packetId, UNDECIDED);
  }
  const arrival: Arrival = { connection, session, client, packet };
  const { hooks, traffic } = connection.engine;
  traffic.publicationReceived(packet.payload.length);
  if (isSystemTopic(topic)) return judged(arrival, false);
  if (!hooks.authorizePublish) return judged(arrival, true);
  return whenSettled(
    () => hooks.authorizePublish!(client, topic, { qos, retain }),
    (allowed) => judged(arrival, allowed),
    (error) => hookFailed(arrival, 'authorizePublish', error),
  );
}

/** Resolves the topic alias and looks for what no server accepts. */
function readable(connection: Connection, session: Session, packet: PublishPacket): boolean {
  const { limits } = connection.engine;
  const { properties } = packet;
  if (properties?.subscriptionIdentifiers) {
    connection.fail(ReasonCode.ProtocolError, 'subscription identifier from a client'); // [MQTT-3.3.4-6]
  } else if (properties?.topicAlias !== undefined && !resolveAlias(connection, packet)) {
    connection.fail(ReasonCode.TopicAliasInvalid, 'topic alias unknown or out of range'); // [MQTT-3.3.2-8], [MQTT-3.3.2-9]
  } else if (levelCount(packet.topic) > limits.maxTopicLevels) {
    connection.fail(ReasonCode.TopicNameInvalid, 'topic has too many levels');
  } else if (packet.qos === 2 && exceedsReceiveMaximum(connection, session, packet)) {
    connection.fail(ReasonCode.ReceiveMaximumExceeded, 'receive maximum exceeded'); // [MQTT-3.3.4-7]
  }
  return connection.live;
}

function resolveAlias(connection: Connection, packet: PublishPacket): boolean {
  const { topicAlias = 0, ...properties } = packet.properties ?? {};
  const topic = connection.aliases?.resolve(topicAlias, packet.topic);
  if (topic === undefined) return false;
  packet.topic = topic;
  packet.properties = properties; // the alias is this connection's alone
  return true;
}

function exceedsReceiveMaximum(connection: Connection, session: Session, packet: PublishPacket): boolean {
  const bound = connection.version === 5 ? connection.engine.limits.receiveMaximum : MAX_RECEIVED_3X;
  return (session.received?.size ?? 0) >= bound && !session.received!.has(packet.packetId);
}

/** Repeated before its PUBREL: answered again, not routed again [MQTT-4.3.3-10], and not without end. */
function repeated(connection: Connection, session: Session, packet: PublishPacket): void {
  const count = session.received!.get(packet.packetId)!;
  if (count === UNDECIDED) return; // the answer is under way
  if (count >= connection.engine.limits.maxQoS2Repeats) {
    connection.fail(ReasonCode.ProtocolError, 'QoS 2 publication repeated without PUBREL');
    return;
  }
  session.received!.set(packet.packetId, count + 1);
  acknowledge(connection, packet, ReasonCode.Success);
}

function judged(arrival: Arrival, allowed: boolean): void | Promise<void> {
  const { hooks } = arrival.connection.engine;
  if (!allowed) return refused(arrival, ReasonCode.NotAuthorized);
  if (!hooks.onPublish) return accepted(arrival, 'route');
  return whenSettled(
    () => hooks.onPublish!(arrival.client, arrival.packet),
    (verdict) => accepted(arrival, verdict),
    (error) => hookFailed(arrival, 'onPublish', error),
  );
}

/** The acknowledgement goes out before the publisher's own copy of the message. */
function accepted(arrival: Arrival, verdict: PublishVerdict): void | Promise<void> {
  const { session, client, packet, connection } = arrival;
  const { engine } = connection;
  if (typeof verdict === 'object') return refused(arrival, verdict.refuse);
  if (verdict === 'consume') return inOrder(arrival, ReasonCode.Success);
  const publication = new Publication(packet, engine.now, client.id);
  if (packet.retain && packet.qos > 0 && !engine.retained.accepts(publication)) {
    return refused(arrival, ReasonCode.QuotaExceeded);
  }
  const reasonCode = resultFor(session.connection ?? connection, packet);
  if (engine.cluster) return engine.cluster.route(publication, whenSafe(arrival, reasonCode));
  conclude(arrival, reasonCode);
  engine.distribute(publication);
}

/** What is to be done when nothing can lose the publication any more: to acknowledge it, in its turn. */
function whenSafe(arrival: Arrival, reasonCode: number): (() => void) | undefined {
  const { session, packet, connection } = arrival;
  if (packet.qos === 0) return undefined;
  const send = (session.acknowledgements ??= new OrderedAcknowledgements()).reserve();
  const answer = (): void => send(() => conclude(arrival, reasonCode));
  if (packet.qos === 1 || !session.durable) return answer;
  return () => {
    session.record({ op: 'received', packetId: packet.packetId });
    connection.engine.supervise(session.hold!.flushed().then(answer), 'QoS 2 publication');
  };
}

/** Acknowledges after those that wait. */
function inOrder(arrival: Arrival, reasonCode: number): void {
  const { acknowledgements } = arrival.session;
  if (!acknowledgements?.pending) conclude(arrival, reasonCode);
  else acknowledgements.reserve()(() => conclude(arrival, reasonCode));
}

/** A QoS 2 identifier is the message's until its PUBREL [MQTT-4.3.3-10]. */
function conclude({ connection, session, packet }: Arrival, reasonCode: number): void {
  if (packet.qos === 2) session.received?.set(packet.packetId, 0);
  if (packet.qos > 0) acknowledge(whereAwaited(connection, session, packet), packet, reasonCode);
}

/**
 * The session may have gone over to another connection meanwhile. A QoS 2 exchange goes on there; a QoS 1 publication is
 * repeated there under its identifier, which one acknowledgement too many would take for that of the next.
 */
function whereAwaited(connection: Connection, session: Session, { qos }: PublishPacket): Connection {
  return qos === 2 ? (session.connection ?? connection) : connection;
}

function resultFor(connection: Connection, packet: PublishPacket): number {
  const { cluster, index } = connection.engine;
  if (connection.version !== 5 || packet.qos === 0 || cluster?.shared) return ReasonCode.Success;
  const { recipients, groups } = index.match(packet.topic);
  return recipients.length + groups.length === 0 ? ReasonCode.NoMatchingSubscribers : ReasonCode.Success;
}

/** PUBACK at QoS 1 [MQTT-4.3.2-4], PUBREC at QoS 2 [MQTT-4.3.3-8]. */
function acknowledge(connection: Connection, packet: PublishPacket, reasonCode: number): void {
  const type = packet.qos === 1 ? PacketType.PUBACK : PacketType.PUBREC;
  connection.acknowledge(type, packet.packetId, reasonCode);
}

/** 5.0 says so in the acknowledgement; 3.x can only acknowledge and drop, or close (3.1.1 [MQTT-3.3.5-2]). */
function refused(arrival: Arrival, reasonCode: number): void {
  const { connection, session, client, packet } = arrival;
  const { topic, qos } = packet;
  connection.engine.logger.debug('publication refused', { clientId: client.id, topic, reasonCode });
  if (connection.version !== 5 && FINAL_REFUSALS.has(reasonCode)) {
    inOrder(arrival, ReasonCode.Success);
    return;
  }
  if (qos === 2) session.received?.delete(packet.packetId);
  if (connection.version !== 5) connection.fail(reasonCode, 'publication refused');
  else if (qos > 0) acknowledge(whereAwaited(connection, session, packet), packet, reasonCode);
}

function hookFailed(arrival: Arrival, hook: string, error: unknown): void {
  const { connection, packet } = arrival;
  connection.engine.clientLog.error(`${hook} failed`, {
    ...describe(connection),
    topic: packet.topic,
    error,
  });
  refused(arrival, ReasonCode.UnspecifiedError);
}
