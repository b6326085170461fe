import { PacketType, type PublishPacket } from '../codec/packets.js';
import type { Connection } from '../connection/connection.js';
import type { PublishVerdict } from '../hooks.js';
import { Publication } from '../inflight/publication.js';
import { levelCount } from '../topics/topic-filter.js';
import { ReasonCode } from '../reason-codes.js';
import type { Session } from '../session/session.js';
import { whenSettled } from './settled.js';

const MAX_RECEIVED_3X = 65_535;
/** Refusals for good: a 3.x client would only send the same again. */
const FINAL_REFUSALS = new Set<number>([
  ReasonCode.NotAuthorized,
  ReasonCode.TopicNameInvalid,
  ReasonCode.PayloadFormatInvalid,
]);

/** PUBLISH (MQTT 3.1.1 §3.3, 5.0 §3.3): judged by the hooks, acknowledged, routed. */
export function handlePublish(connection: Connection, packet: PublishPacket): void | Promise<void> {
  const { session, client } = connection;
  if (!session || !client || !readable(connection, session, packet)) return;
  if (packet.qos === 2 && session.received?.has(packet.packetId))
    return repeated(connection, session, packet);
  const { hooks } = connection.engine;
  const { topic, qos, retain } = packet;
  if (!hooks.authorizePublish) return judged(connection, packet, true);
  return whenSettled(
    () => hooks.authorizePublish!(client, topic, { qos, retain }),
    (allowed) => judged(connection, packet, allowed),
    (error) => hookFailed(connection, packet, 'authorizePublish', error),
  );
}

/** Resolves the topic alias and looks for what no server accepts. */
function readable(connection: Connection, session: Session, packet: PublishPacket): boolean {
  const { limits } = connection.engine;
  const { properties } = packet;
  if (properties?.subscriptionIdentifiers) {
    connection.fail(ReasonCode.ProtocolError, 'subscription identifier from a client'); // [MQTT-3.3.4-6]
  } else if (properties?.topicAlias !== undefined && !resolveAlias(connection, packet)) {
    connection.fail(ReasonCode.TopicAliasInvalid, 'topic alias unknown or out of range'); // [MQTT-3.3.2-8]
  } else if (levelCount(packet.topic) > limits.maxTopicLevels) {
    connection.fail(ReasonCode.TopicNameInvalid, 'topic has too many levels');
  } else if (packet.qos === 2 && exceedsReceiveMaximum(connection, session, packet)) {
    connection.fail(ReasonCode.ReceiveMaximumExceeded, 'receive maximum exceeded'); // [MQTT-3.3.4-9]
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
  const count = session.received!.get(packet.packetId)! + 1;
  if (count > connection.engine.limits.maxQoS2Repeats) {
    connection.fail(ReasonCode.ProtocolError, 'QoS 2 publication repeated without PUBREL');
    return;
  }
  session.received!.set(packet.packetId, count);
  acknowledge(connection, packet, ReasonCode.Success);
}

function judged(connection: Connection, packet: PublishPacket, allowed: boolean): void | Promise<void> {
  const { client, engine } = connection;
  if (!client || !connection.live) return;
  if (!allowed) return refused(connection, packet, ReasonCode.NotAuthorized);
  if (!engine.hooks.onPublish) return accepted(connection, packet, 'route');
  return whenSettled(
    () => engine.hooks.onPublish!(client, packet),
    (verdict) => accepted(connection, packet, verdict),
    (error) => hookFailed(connection, packet, 'onPublish', error),
  );
}

/** The acknowledgement goes out before the publisher's own copy of the message. */
function accepted(connection: Connection, packet: PublishPacket, verdict: PublishVerdict): void {
  const { engine, session, client } = connection;
  if (typeof verdict === 'object') return refused(connection, packet, verdict.refuse);
  const route = verdict === 'route';
  if (
    route &&
    packet.retain &&
    packet.qos > 0 &&
    !engine.retained.accepts(packet.topic, packet.payload.length)
  ) {
    return refused(connection, packet, ReasonCode.QuotaExceeded);
  }
  if (packet.qos === 2) remember(session, packet);
  if (packet.qos > 0)
    acknowledge(connection, packet, route ? resultFor(connection, packet) : ReasonCode.Success);
  if (route) engine.route(new Publication(packet, engine.now(), client?.id));
}

/** The identifier is the message's until its PUBREL [MQTT-4.3.3-9]. */
function remember(session: Session | undefined, packet: PublishPacket): void {
  if (session) (session.received ??= new Map()).set(packet.packetId, 0);
}

function resultFor(connection: Connection, packet: PublishPacket): number {
  if (connection.version !== 5) return ReasonCode.Success;
  const { recipients, groups } = connection.engine.index.match(packet.topic);
  return recipients.length + groups.length === 0 ? ReasonCode.NoMatchingSubscribers : ReasonCode.Success;
}

/** PUBACK at QoS 1 [MQTT-4.3.2-4], PUBREC at QoS 2 [MQTT-4.3.3-8]. */
function acknowledge(connection: Connection, packet: PublishPacket, reasonCode: number): void {
  const type = packet.qos === 1 ? PacketType.PUBACK : PacketType.PUBREC;
  connection.send({ type, packetId: packet.packetId, reasonCode });
}

/** 5.0 says so in the acknowledgement; 3.x can only acknowledge and drop, or close [MQTT-3.3.5-2]. */
function refused(connection: Connection, packet: PublishPacket, reasonCode: number): void {
  const { logger } = connection.engine;
  logger.debug('publication refused', { clientId: connection.client?.id, topic: packet.topic, reasonCode });
  if (connection.version === 5) {
    if (packet.qos > 0) acknowledge(connection, packet, reasonCode);
  } else if (!FINAL_REFUSALS.has(reasonCode)) {
    connection.fail(reasonCode, 'publication refused');
  } else if (packet.qos > 0) {
    if (packet.qos === 2) remember(connection.session, packet);
    acknowledge(connection, packet, ReasonCode.Success);
  }
}

function hookFailed(connection: Connection, packet: PublishPacket, hook: string, error: unknown): void {
  connection.engine.logger.error(`${hook} failed`, {
    clientId: connection.client?.id,
    topic: packet.topic,
    error,
  });
  refused(connection, packet, ReasonCode.UnspecifiedError);
}
