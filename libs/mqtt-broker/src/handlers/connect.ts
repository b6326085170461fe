import type { AuthenticationMethod } from '../authentication/authentication-method.js';
import { EnhancedAuthentication } from '../authentication/enhanced-authentication.js';
import type { ConnectRequest } from '../client.js';
import { MAX_PACKET_SIZE } from '../codec/packet-writer.js';
import type { ConnectPacket } from '../codec/packets.js';
import type { Connection } from '../connection/connection.js';
import { describe } from '../connection/connection-record.js';
import type { AuthenticationOutcome } from '../hooks.js';
import { ReasonCode, refusalReasonCodes } from '../reason-codes.js';
import { admit } from './admit.js';
import { advance } from './auth.js';
import { identifierFault } from './client-identifier.js';

/** CONNECT (MQTT 3.1.1 §3.1, 5.0 §3.1): who is it, may it, which session. */
export async function handleConnect(connection: Connection, packet: ConnectPacket): Promise<void> {
  if (connection.state !== 'opening') {
    connection.fail(ReasonCode.ProtocolError, 'second CONNECT'); // [MQTT-3.1.0-2]
    return;
  }
  connection.state = 'connecting';
  connection.version = packet.protocolVersion;
  connection.askedId = packet.clientId;
  connection.maxPacketSize = Math.min(
    packet.properties?.maximumPacketSize ?? MAX_PACKET_SIZE,
    MAX_PACKET_SIZE,
  );
  if (!acceptable(connection, packet)) return;
  const { authenticationMethod, authenticationData } = packet.properties ?? {};
  if (authenticationMethod !== undefined) {
    const method = connection.engine.authenticationMethods.get(authenticationMethod);
    await beginEnhanced(connection, packet, method, authenticationData);
    return;
  }
  const outcome = await authenticate(connection, packet);
  if (!connection.live) return;
  if (outcome.ok) await admit(connection, packet, outcome.principal, outcome.clientId);
  else connection.refuse(refusalReasonCodes[outcome.reason], outcome.reason);
}

/** What can be judged before anybody is asked. */
function acceptable(connection: Connection, packet: ConnectPacket): boolean {
  const { connections, limits, stopping } = connection.engine;
  const fault = identifierFault(packet, limits.maxClientIdLength);
  if (fault) connection.refuse(ReasonCode.ClientIdentifierNotValid, fault);
  else if (stopping) connection.refuse(ReasonCode.ServerShuttingDown, 'shutting down');
  else if (connections.size > limits.maxConnections)
    connection.refuse(ReasonCode.QuotaExceeded, 'too many connections');
  return connection.live;
}

/** Enhanced authentication (MQTT 5.0 §4.12); the CONNECT waits until it is over. */
async function beginEnhanced(
  connection: Connection,
  packet: ConnectPacket,
  method: AuthenticationMethod | undefined,
  data: Buffer | undefined,
): Promise<void> {
  if (!method) {
    connection.refuse(ReasonCode.BadAuthenticationMethod, 'unknown authentication method'); // [MQTT-4.12.0-1]
    return;
  }
  connection.authentication = new EnhancedAuthentication(method, requestOf(connection, packet), packet);
  await advance(connection, connection.authentication, data);
}

function requestOf({ peer }: Connection, packet: ConnectPacket): ConnectRequest {
  return {
    clientId: packet.clientId,
    protocolVersion: packet.protocolVersion,
    cleanStart: packet.clean,
    keepAlive: packet.keepAlive,
    username: packet.username,
    password: packet.password,
    willTopic: packet.will?.topic,
    userProperties: packet.properties?.userProperties ?? [],
    peer,
  };
}

async function authenticate(connection: Connection, packet: ConnectPacket): Promise<AuthenticationOutcome> {
  const { hooks, clientLog } = connection.engine;
  try {
    return await hooks.authenticate(requestOf(connection, packet));
  } catch (error) {
    clientLog.error('authenticate failed', { ...describe(connection), error });
    return { ok: false, reason: 'server-unavailable' };
  }
}
