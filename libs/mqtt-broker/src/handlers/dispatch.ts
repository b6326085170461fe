import { PacketType, type Packet } from '../codec/packets.js';
import type { Connection } from '../connection/connection.js';
import { ReasonCode } from '../reason-codes.js';
import { handleAuth } from './auth.js';
import { handleConnect } from './connect.js';
import { handleDisconnect } from './disconnect.js';
import { handlePingreq } from './pingreq.js';
import { handlePuback } from './puback.js';
import { handlePubcomp } from './pubcomp.js';
import { handlePublish } from './publish.js';
import { handlePubrec } from './pubrec.js';
import { handlePubrel } from './pubrel.js';
import { handleSubscribe } from './subscribe.js';
import { handleUnsubscribe } from './unsubscribe.js';

/** Each packet to its handler; what only a server may send is a protocol error. */
export function dispatch(connection: Connection, packet: Packet): void | Promise<void> {
  if (connection.state === 'connecting' && !mayComeBeforeConnack(packet)) {
    return connection.fail(ReasonCode.ProtocolError, 'packet before the authentication is over'); // [MQTT-3.1.2-30]
  }
  switch (packet.type) {
    case PacketType.PUBLISH:
      return handlePublish(connection, packet);
    case PacketType.PUBACK:
      return handlePuback(connection, packet);
    case PacketType.PUBREC:
      return handlePubrec(connection, packet);
    case PacketType.PUBREL:
      return handlePubrel(connection, packet);
    case PacketType.PUBCOMP:
      return handlePubcomp(connection, packet);
    case PacketType.SUBSCRIBE:
      return handleSubscribe(connection, packet);
    case PacketType.UNSUBSCRIBE:
      return handleUnsubscribe(connection, packet);
    case PacketType.PINGREQ:
      return handlePingreq(connection);
    case PacketType.CONNECT:
      return handleConnect(connection, packet);
    case PacketType.DISCONNECT:
      return handleDisconnect(connection, packet);
    case PacketType.AUTH:
      return handleAuth(connection, packet);
    default:
      return connection.fail(ReasonCode.ProtocolError, 'packet that only a server may send');
  }
}

/** While an enhanced authentication is under way; any other holds back what comes meanwhile. */
function mayComeBeforeConnack({ type }: Packet): boolean {
  return type === PacketType.AUTH || type === PacketType.DISCONNECT;
}
