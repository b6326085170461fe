import { PacketType, type ConnectPacket, type Properties } from '../codec/packets.js';
import type { ConnectedClient } from '../connection/connected-client.js';
import type { Connection } from '../connection/connection.js';
import { ReasonCode } from '../reason-codes.js';
import type { Session } from '../session/session.js';

const UNLIMITED_RECEIVE_MAXIMUM = 65_535;
const MAX_KEEP_ALIVE = 65_535;

/** The keep alive that the server goes by; in 5.0 one of its own takes the place of what is longer, or of none. */
export function serverKeepAlive({ keepAlive, protocolVersion }: ConnectPacket, maximum: number): number {
  if (maximum === 0 || protocolVersion !== 5) return keepAlive;
  const bound = Math.min(maximum, MAX_KEEP_ALIVE);
  return keepAlive === 0 ? bound : Math.min(keepAlive, bound);
}

/** The session is there, and whether it was there before [MQTT-3.2.2-2], [MQTT-3.2.2-3]; 3.1 has no such flag. False: the client takes no packet so large. */
export function sendConnack(
  connection: Connection,
  client: ConnectedClient,
  packet: ConnectPacket,
  session: Session,
): boolean {
  const v5 = connection.version === 5;
  return connection.send({
    type: PacketType.CONNACK,
    sessionPresent: client.sessionPresent && connection.version !== 3,
    reasonCode: ReasonCode.Success,
    properties: v5 ? connackProperties(connection, client, packet, session) : undefined,
  });
}

/** Only what differs from the defaults of the protocol, or from what the client asked for. */
function connackProperties(
  connection: Connection,
  client: ConnectedClient,
  packet: ConnectPacket,
  session: Session,
): Properties {
  const { authentication, engine } = connection;
  const { limits } = engine;
  const properties: Properties = { maximumPacketSize: limits.maxPacketSize };
  if (authentication) {
    properties.authenticationMethod = authentication.method.name; // [MQTT-4.12.0-5]
    if (authentication.finalData) properties.authenticationData = authentication.finalData;
    authentication.finalData = undefined;
  }
  if (limits.receiveMaximum < UNLIMITED_RECEIVE_MAXIMUM) properties.receiveMaximum = limits.receiveMaximum;
  if (limits.topicAliasMaximum > 0) properties.topicAliasMaximum = limits.topicAliasMaximum;
  if (packet.clientId === '') properties.assignedClientIdentifier = client.id; // [MQTT-3.2.2-16]
  if (session.expiryInterval !== (packet.properties?.sessionExpiryInterval ?? 0)) {
    properties.sessionExpiryInterval = session.expiryInterval;
  }
  const keepAlive = serverKeepAlive(packet, limits.maxKeepAlive);
  if (keepAlive !== packet.keepAlive) properties.serverKeepAlive = keepAlive; // [MQTT-3.2.2-21]
  return properties;
}
