import { PacketType, type UnsubscribePacket } from '../codec/packets.js';
import type { Connection } from '../connection/connection.js';
import { ReasonCode } from '../reason-codes.js';
import { unsubscribe } from '../session/subscriptions.js';

/** UNSUBSCRIBE (MQTT 3.1.1 §3.10, 5.0 §3.10): one UNSUBACK, whether or not there was something to end [MQTT-3.10.4-5]. */
export function handleUnsubscribe(connection: Connection, packet: UnsubscribePacket): void | Promise<void> {
  const { session } = connection;
  if (!session) return;
  const removed = packet.filters.map((filter) => unsubscribe(session, filter));
  if (!session.durable) return acknowledge(connection, packet, removed);
  return session.hold!.flushed().then(() => acknowledge(connection, packet, removed));
}

function acknowledge(connection: Connection, packet: UnsubscribePacket, removed: boolean[]): void {
  const { client, engine } = connection;
  const reasonCodes = removed.map((known) => (known ? ReasonCode.Success : ReasonCode.NoSubscriptionExisted));
  connection.send({ type: PacketType.UNSUBACK, packetId: packet.packetId, reasonCodes });
  packet.filters.forEach((filter, i) => {
    if (removed[i] && client)
      engine.notify('onUnsubscribed', () => engine.hooks.onUnsubscribed?.(client, filter));
  });
}
