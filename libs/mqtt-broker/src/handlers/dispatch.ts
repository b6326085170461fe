import { PacketType, type Packet } from '../codec/packets.js';
import type { Connection } from '../connection/connection.js';
import { ReasonCode } from '../reason-codes.js';
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
      return connection.fail(ReasonCode.ProtocolError, 'AUTH without enhanced authentication'); // [MQTT-4.12.0-6]
    default:
      return connection.fail(ReasonCode.ProtocolError, 'packet that only a server may send');
  }
}
