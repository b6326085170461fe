import type { DisconnectPacket } from '../codec/packets.js';
import type { Connection } from '../connection/connection.js';
import { ReasonCode } from '../reason-codes.js';

/** DISCONNECT (MQTT 3.1.1 §3.14, 5.0 §3.14): without a will, unless it asks for it [MQTT-3.14.4-3]. */
export function handleDisconnect(connection: Connection, packet: DisconnectPacket): void {
  const interval = packet.properties?.sessionExpiryInterval;
  if (interval !== undefined && connection.session) {
    if (connection.endsWithConnection && interval > 0) {
      connection.fail(ReasonCode.ProtocolError, 'session expiry interval set by DISCONNECT'); // §3.14.2.2.2
      return;
    }
    connection.session.expiryInterval = Math.min(interval, connection.engine.limits.sessionExpiryMax);
  }
  if (packet.properties?.serverReference !== undefined) {
    connection.fail(ReasonCode.ProtocolError, 'server reference from a client'); // §3.14.2.2.5
    return;
  }
  connection.leave(packet.reasonCode, packet.reasonCode !== ReasonCode.NormalDisconnection);
}
