import { PacketType, type SubscribePacket, type SubscriptionRequest } from '../codec/packets.js';
import type { Connection } from '../connection/connection.js';
import { describe } from '../connection/connection-record.js';
import type { SubscriptionVerdict } from '../hooks.js';
import { ReasonCode } from '../reason-codes.js';
import { pump } from '../session/delivery.js';
import type { Session } from '../session/session.js';
import { subscribe } from '../session/subscriptions.js';
import { isPromise } from './settled.js';
import { parseFilter, type ParsedFilter } from '../topics/topic-filter.js';

const FAILURE_3X = 0x80;

/** SUBSCRIBE (MQTT 3.1.1 §3.8, 5.0 §3.8): one SUBACK with a code a filter, in order [MQTT-3.8.4-6]. */
export function handleSubscribe(connection: Connection, packet: SubscribePacket): void | Promise<void> {
  const { limits } = connection.engine;
  const parsed = packet.subscriptions.map(({ filter }) => parseFilter(filter, limits));
  const answers = packet.subscriptions.map((request, i) => allowed(connection, request, parsed[i]));
  if (!answers.some(isPromise)) {
    return grant(connection, packet, parsed, answers as SubscriptionVerdict[]);
  }
  const settling = answers.map(async (answer) => answer);
  return Promise.all(settling).then((settled) => grant(connection, packet, parsed, settled));
}

/** A hook that fails denies. */
function allowed(
  connection: Connection,
  request: SubscriptionRequest,
  parsed: ParsedFilter | undefined,
): SubscriptionVerdict | Promise<SubscriptionVerdict> {
  const { client, engine } = connection;
  if (!engine.hooks.authorizeSubscribe || !client || !parsed) return true;
  const denied = (error: unknown): boolean => {
    engine.clientLog.error('authorizeSubscribe failed', {
      ...describe(connection),
      filter: request.filter,
      error,
    });
    return false;
  };
  try {
    const answer = engine.hooks.authorizeSubscribe(client, parsed.topicFilter, request.qos);
    return isPromise(answer) ? answer.catch(denied) : answer;
  } catch (error) {
    return denied(error);
  }
}

function grant(
  connection: Connection,
  packet: SubscribePacket,
  parsed: (ParsedFilter | undefined)[],
  answers: SubscriptionVerdict[],
): void | Promise<void> {
  const { session } = connection;
  if (!session) return;
  const identifiers = packet.properties?.subscriptionIdentifiers;
  const reasonCodes = packet.subscriptions.map((request, i) => {
    const filter = parsed[i];
    if (!filter) return ReasonCode.TopicFilterInvalid;
    const answer = answers[i];
    if (!answer) return connection.engine.deniedSubscriptionCode;
    const only = answer === true ? undefined : answer.only;
    return subscribe(session, filter, { ...request, identifiers, only })
      ? request.qos
      : ReasonCode.QuotaExceeded;
  });
  const answer = (): void => acknowledge(connection, session, packet, reasonCodes);
  if (!session.durable) return answer();
  return session.hold!.flushed().then(answer);
}

function acknowledge(
  connection: Connection,
  session: Session,
  packet: SubscribePacket,
  reasonCodes: number[],
): void {
  const wire = connection.version === 5 ? reasonCodes : reasonCodes.map((code) => Math.min(code, FAILURE_3X));
  connection.send({ type: PacketType.SUBACK, packetId: packet.packetId, reasonCodes: wire });
  pump(session);
  announce(connection, packet, reasonCodes);
}

function announce(connection: Connection, packet: SubscribePacket, reasonCodes: number[]): void {
  const { client, engine } = connection;
  if (!client || !engine.hooks.onSubscribed) return;
  packet.subscriptions.forEach(({ filter, qos }, i) => {
    if (reasonCodes[i]! < 0x80) {
      engine.notify('onSubscribed', () => engine.hooks.onSubscribed?.(client, filter, qos));
    }
  });
}
