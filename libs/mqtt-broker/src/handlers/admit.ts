import type { ClusterMember } from '../cluster/cluster-member.js';
import type { ConnectPacket } from '../codec/packets.js';
import { ConnectedClient } from '../connection/connected-client.js';
import type { Connection } from '../connection/connection.js';
import { describe, recordEntry } from '../connection/connection-record.js';
import { TopicAliases } from '../connection/topic-aliases.js';
import { ReasonCode } from '../reason-codes.js';
import { openWindow, pump } from '../session/delivery.js';
import { prepareResends } from '../session/resume.js';
import { NEVER_EXPIRES, type Session } from '../session/session.js';
import { isSystemTopic } from '../statistics/sys-topics.js';
import { assignClientId } from './client-identifier.js';
import { sendConnack, serverKeepAlive } from './connack.js';

/** It is known who the client is: is its will allowed, and which session is its own? */
export async function admit(
  connection: Connection,
  packet: ConnectPacket,
  principal: unknown,
  givenId: string | undefined,
): Promise<void> {
  const clientId = givenId ?? (packet.clientId || assignClientId());
  const client = new ConnectedClient(clientId, principal, connection, undefined);
  connection.client = client;
  if (!(await willAllowed(connection, client, packet)) || !connection.live) return;
  await enter(connection, client, packet);
}

/** A client that may not publish its will is not let in: later there would be nobody to tell. */
async function willAllowed(
  connection: Connection,
  client: ConnectedClient,
  packet: ConnectPacket,
): Promise<boolean> {
  const { hooks, clientLog } = connection.engine;
  const { will } = packet;
  if (!will) return true;
  let allowed = !isSystemTopic(will.topic);
  try {
    allowed &&=
      (await hooks.authorizePublish?.(client, will.topic, { qos: will.qos, retain: will.retain })) ?? true;
  } catch (error) {
    clientLog.error('authorizePublish failed', { ...describe(connection), error });
    allowed = false;
  }
  if (!allowed) connection.refuse(ReasonCode.NotAuthorized, 'will topic not allowed');
  // The bytes of the CONNECT are not kept: the will has its own.
  else connection.will = { ...will, payload: Buffer.from(will.payload) };
  return allowed;
}

/** From here on the client id is this connection's. */
async function enter(connection: Connection, client: ConnectedClient, packet: ConnectPacket): Promise<void> {
  const { engine } = connection;
  if (engine.cluster) await enterCluster(engine.cluster, connection, client, packet);
  else seat(connection, client, packet, takeSession(connection, client, packet));
  const { session } = connection;
  if (!connection.live || !session) return;
  if (client.sessionPresent && session.window.size > 0) await prepareResends(session, connection);
  if (!connection.live) return;
  connection.flowing = true;
  pump(session);
  client.announced = true;
  recordEntry(connection);
  engine.notify('onConnected', () => engine.hooks.onConnected?.(client));
  openWindow(session);
}

/** The session may be with another broker. While it cannot be had, the client is to try again later. */
async function enterCluster(
  cluster: ClusterMember,
  connection: Connection,
  client: ConnectedClient,
  packet: ConnectPacket,
): Promise<void> {
  try {
    await cluster.enter(connection, client.id, packet.clean, (session, resumed) => {
      client.sessionPresent = resumed;
      seat(connection, client, packet, session);
    });
  } catch (error) {
    connection.engine.clientLog.warn('a session could not be claimed', { ...describe(connection), error });
    connection.refuse(ReasonCode.ServerUnavailable, 'sessions cannot be reached');
  }
}

/** The connection gets its session, and the client its CONNACK. */
function seat(
  connection: Connection,
  client: ConnectedClient,
  packet: ConnectPacket,
  session: Session | undefined,
): void {
  const { engine } = connection;
  if (!session) {
    connection.refuse(ReasonCode.QuotaExceeded, 'too many sessions');
    return;
  }
  negotiate(connection, packet);
  session.expiryInterval = expiryInterval(connection, packet);
  connection.endsWithConnection = session.expiryInterval === 0;
  connection.session = session;
  session.connection = connection;
  client.enter(session);
  engine.cluster?.attached(session, engine.hooks.identityOf?.(client) ?? '', connection.will);
  connection.establish(serverKeepAlive(packet, engine.limits.maxKeepAlive));
  if (!sendConnack(connection, client, packet, session)) {
    connection.fail(ReasonCode.PacketTooLarge, 'CONNACK above the maximum packet size');
  }
}

/** Ends what must not go on, resumes what may [MQTT-3.1.2-4], [MQTT-3.1.2-5]. */
function takeSession(
  connection: Connection,
  client: ConnectedClient,
  packet: ConnectPacket,
): Session | undefined {
  const { sessions, limits } = connection.engine;
  sessions.get(client.id)?.connection?.disconnect('taken-over'); // [MQTT-3.1.4-3]
  const known = sessions.get(client.id);
  if (known && !packet.clean) {
    sessions.resume(known);
    client.sessionPresent = true;
    return known;
  }
  if (known) sessions.end(known);
  return sessions.size < limits.maxSessions ? sessions.create(client.id) : undefined;
}

function negotiate(connection: Connection, packet: ConnectPacket): void {
  const { limits } = connection.engine;
  const { receiveMaximum = 65_535, topicAliasMaximum = 0 } = packet.properties ?? {};
  connection.receiveMaximum = Math.min(receiveMaximum, limits.maxInflight);
  const outbound = Math.min(topicAliasMaximum, limits.maxOutboundTopicAliases);
  if (packet.protocolVersion === 5) connection.aliases = new TopicAliases(limits.topicAliasMaximum, outbound);
}

/** 3.x knows two: until the connection ends, or for as long as the server keeps it. */
function expiryInterval(connection: Connection, packet: ConnectPacket): number {
  const { sessionExpiryMax } = connection.engine.limits;
  if (packet.protocolVersion !== 5) return packet.clean ? 0 : sessionExpiryMax;
  return Math.min(packet.properties?.sessionExpiryInterval ?? 0, sessionExpiryMax, NEVER_EXPIRES);
}
