import type { AuthenticationStep } from '../authentication/authentication-method.js';
import type { EnhancedAuthentication } from '../authentication/enhanced-authentication.js';
import { PacketType, type AuthPacket } from '../codec/packets.js';
import type { Connection } from '../connection/connection.js';
import { describe } from '../connection/connection-record.js';
import { ReasonCode, refusalReasonCodes, type RefusalReason } from '../reason-codes.js';
import { admit } from './admit.js';

/** AUTH (MQTT 5.0 §3.15, §4.12): the next round of an exchange, or the first one of a re-authentication. */
export function handleAuth(connection: Connection, packet: AuthPacket): void | Promise<void> {
  const { authentication } = connection;
  if (!authentication) {
    connection.fail(ReasonCode.ProtocolError, 'AUTH without enhanced authentication'); // [MQTT-4.12.0-7]
  } else if (packet.properties?.authenticationMethod !== authentication.method.name) {
    connection.fail(ReasonCode.BadAuthenticationMethod, 'another authentication method'); // [MQTT-4.12.1-1]
  } else if (!inTurn(connection, authentication, packet.reasonCode)) {
    connection.fail(ReasonCode.ProtocolError, 'AUTH out of turn'); // [MQTT-4.12.0-3]
  } else {
    if (packet.reasonCode === ReasonCode.ReAuthenticate) authentication.begin();
    return advance(connection, authentication, packet.properties.authenticationData);
  }
}

function inTurn(connection: Connection, { underWay }: EnhancedAuthentication, reasonCode: number): boolean {
  if (reasonCode === ReasonCode.ReAuthenticate) return connection.state === 'connected' && !underWay;
  return reasonCode === ReasonCode.ContinueAuthentication && underWay;
}

/** Hands what the client sent to the method, and does what that says. */
export async function advance(
  connection: Connection,
  authentication: EnhancedAuthentication,
  data: Buffer | undefined,
): Promise<void> {
  const step = await ask(connection, authentication, data);
  if (!connection.live) return;
  if (step.kind === 'continue') {
    sendAuth(connection, authentication, ReasonCode.ContinueAuthentication, step.data); // [MQTT-4.12.0-2]
  } else if (step.kind === 'failure') {
    reject(connection, step.reason);
  } else if (connection.state === 'connecting') {
    await enter(connection, authentication, step);
  } else if (step.username === authentication.username) {
    sendAuth(connection, authentication, ReasonCode.Success, step.data);
  } else {
    reject(connection, 'not-authorized');
  }
}

async function ask(
  connection: Connection,
  authentication: EnhancedAuthentication,
  data: Buffer | undefined,
): Promise<AuthenticationStep> {
  try {
    return await authentication.respond(data);
  } catch (error) {
    const { name } = authentication.method;
    connection.engine.clientLog.error('authentication method failed', {
      ...describe(connection),
      method: name,
      error,
    });
    return { kind: 'failure', reason: 'server-unavailable' };
  }
}

async function enter(
  connection: Connection,
  authentication: EnhancedAuthentication,
  { username, principal, clientId, data }: AuthenticationStep & { kind: 'success' },
): Promise<void> {
  const { packet } = authentication;
  authentication.username = username;
  authentication.finalData = data;
  authentication.packet = undefined;
  if (packet) await admit(connection, packet, principal, clientId);
}

/** Codes of a CONNACK that a DISCONNECT does not have are put in its own. */
function reject(connection: Connection, reason: RefusalReason): void {
  if (connection.state === 'connecting')
    connection.refuse(refusalReasonCodes[reason], reason); // [MQTT-4.12.0-4]
  else if (reason === 'server-unavailable') connection.fail(ReasonCode.ServerBusy, reason);
  else connection.fail(ReasonCode.NotAuthorized, 're-authentication failed'); // [MQTT-4.12.1-2]
}

function sendAuth(
  connection: Connection,
  { method }: EnhancedAuthentication,
  reasonCode: number,
  data: Buffer | undefined,
): void {
  const properties = { authenticationMethod: method.name, authenticationData: data }; // [MQTT-4.12.0-5]
  if (!connection.send({ type: PacketType.AUTH, reasonCode, properties })) {
    connection.fail(ReasonCode.PacketTooLarge, 'AUTH above the maximum packet size');
  }
}
