import { PacketType, type UnsubscribePacket } from '../codec/packets.js';
import type { Connection } from '../connection/connection.js';
import { ReasonCode } from '../reason-codes.js';
import { unsubscribe } from '../session/subscriptions.js';

/** UNSUBSCRIBE (MQTT 3.1.1 §3.10, 5.0 §3.10): one UNSUBACK, whether or not there was something to end [MQTT-3.10.4-5]. */
export function handleUnsubscribe(connection: Connection, packet: UnsubscribePacket): void {
  const { session, client, engine } = connection;
  if (!session || !client) return;
  const removed = packet.filters.map((filter) => unsubscribe(session, filter));
  const reasonCodes = removed.map((known) => (known ? ReasonCode.Success : ReasonCode.NoSubscriptionExisted));
  connection.send({ type: PacketType.UNSUBACK, packetId: packet.packetId, reasonCodes });
  packet.filters.forEach((filter, i) => {
    if (removed[i]) engine.notify('onUnsubscribed', () => engine.hooks.onUnsubscribed?.(client, filter));
  });
}
