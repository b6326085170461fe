import { PacketType } from '../codec/packets.js';
import type { Connection } from '../connection/connection.js';

/** PINGREQ: the client is alive, and asks whether we are [MQTT-3.12.4-1]. */
export function handlePingreq(connection: Connection): void {
  connection.send({ type: PacketType.PINGRESP });
}
