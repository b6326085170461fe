import type { ConnectRequest } from '../client.js';
import type { ConnectPacket } from '../codec/packets.js';
import { ConnectedClient } from '../connection/connected-client.js';
import type { Connection } from '../connection/connection.js';
import { TopicAliases } from '../connection/topic-aliases.js';
import type { AuthenticationOutcome } from '../hooks.js';
import { ReasonCode, refusalReasonCodes } from '../reason-codes.js';
import { openWindow, pump } from '../session/delivery.js';
import { prepareResends } from '../session/resume.js';
import { NEVER_EXPIRES, type Session } from '../session/session.js';
import { sendConnack, serverKeepAlive } from './connack.js';
import { assignClientId, identifierFault } from './client-identifier.js';

/** CONNECT (MQTT 3.1.1 §3.1, 5.0 §3.1): who is it, may it, which session. */
export async function handleConnect(connection: Connection, packet: ConnectPacket): Promise<void> {
  if (connection.state !== 'opening') {
    connection.fail(ReasonCode.ProtocolError, 'second CONNECT'); // [MQTT-3.1.0-2]
    return;
  }
  connection.state = 'connecting';
  connection.version = packet.protocolVersion;
  if (!acceptable(connection, packet)) return;
  const outcome = await authenticate(connection, packet);
  if (!connection.live) return;
  if (!outcome.ok) {
    connection.refuse(refusalReasonCodes[outcome.reason], outcome.reason);
    return;
  }
  const clientId = outcome.clientId ?? (packet.clientId || assignClientId());
  const client = new ConnectedClient(clientId, outcome.principal, connection, undefined);
  connection.client = client;
  if (!(await willAllowed(connection, client, packet)) || !connection.live) return;
  await enter(connection, client, packet);
}

/** What can be judged before anybody is asked. */
function acceptable(connection: Connection, packet: ConnectPacket): boolean {
  const { connections, limits, stopping } = connection.engine;
  const fault = identifierFault(packet, limits.maxClientIdLength);
  if (fault) connection.refuse(ReasonCode.ClientIdentifierNotValid, fault);
  else if (packet.properties?.authenticationMethod !== undefined) {
    connection.refuse(ReasonCode.BadAuthenticationMethod, 'no enhanced authentication'); // §4.12
  } else if (stopping) connection.refuse(ReasonCode.ServerShuttingDown, 'shutting down');
  else if (connections.size > limits.maxConnections)
    connection.refuse(ReasonCode.QuotaExceeded, 'too many connections');
  return connection.live;
}

async function authenticate(connection: Connection, packet: ConnectPacket): Promise<AuthenticationOutcome> {
  const { hooks, logger } = connection.engine;
  const request: ConnectRequest = {
    clientId: packet.clientId,
    protocolVersion: packet.protocolVersion,
    cleanStart: packet.clean,
    keepAlive: packet.keepAlive,
    username: packet.username,
    password: packet.password,
    willTopic: packet.will?.topic,
    userProperties: packet.properties?.userProperties ?? [],
    peer: connection.peer,
  };
  try {
    return await hooks.authenticate(request);
  } catch (error) {
    logger.error('authenticate failed', { clientId: packet.clientId, error });
    return { ok: false, reason: 'server-unavailable' };
  }
}

/** A client that may not publish its will is not let in: later there would be nobody to tell. */
async function willAllowed(
  connection: Connection,
  client: ConnectedClient,
  packet: ConnectPacket,
): Promise<boolean> {
  const { hooks, logger } = connection.engine;
  const { will } = packet;
  if (!will) return true;
  let allowed = true;
  try {
    allowed =
      (await hooks.authorizePublish?.(client, will.topic, { qos: will.qos, retain: will.retain })) ?? true;
  } catch (error) {
    logger.error('authorizePublish failed', { clientId: client.id, error });
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
  const session = takeSession(connection, client, packet);
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
  connection.establish(serverKeepAlive(packet, engine.limits.maxKeepAlive));
  if (!sendConnack(connection, client, packet, session)) {
    connection.fail(ReasonCode.PacketTooLarge, 'CONNACK above the maximum packet size');
    return;
  }
  if (client.sessionPresent && session.window.size > 0) await prepareResends(session, connection);
  if (!connection.live) return;
  connection.flowing = true;
  pump(session);
  client.announced = true;
  engine.notify('onConnected', () => engine.hooks.onConnected?.(client));
  openWindow(session);
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
  const { receiveMaximum = 65_535, maximumPacketSize, topicAliasMaximum = 0 } = packet.properties ?? {};
  connection.receiveMaximum = Math.min(receiveMaximum, limits.maxInflight);
  connection.maxPacketSize = maximumPacketSize ?? Infinity;
  const outbound = Math.min(topicAliasMaximum, limits.maxOutboundTopicAliases);
  if (packet.protocolVersion === 5) connection.aliases = new TopicAliases(limits.topicAliasMaximum, outbound);
}

/** 3.x knows two: until the connection ends, or for as long as the server keeps it. */
function expiryInterval(connection: Connection, packet: ConnectPacket): number {
  const { sessionExpiryMax } = connection.engine.limits;
  if (packet.protocolVersion !== 5) return packet.clean ? 0 : sessionExpiryMax;
  return Math.min(packet.properties?.sessionExpiryInterval ?? 0, sessionExpiryMax, NEVER_EXPIRES);
}
