import { PacketType, type PublishPacket } from '../codec/packets.js';
import type { TestClient } from './test-client.js';

export const LONG = { sessionExpiryInterval: 3600 };
export const persistent = { clean: false, properties: LONG } as const;

/** The payloads that have come by the time the broker answers a PINGREQ. */
export async function arrived(client: TestClient): Promise<string[]> {
  const packets = await client.settle();
  return packets
    .filter((packet): packet is PublishPacket => packet.type === PacketType.PUBLISH)
    .map(({ payload }) => payload.toString());
}

export async function publishAcknowledged(client: TestClient, topic: string, payload: string, packetId = 1) {
  client.publish(topic, payload, { qos: 1, packetId });
  return client.take(PacketType.PUBACK);
}
