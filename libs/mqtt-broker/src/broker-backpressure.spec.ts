import type { MqttBroker } from './broker.js';
import type { MqttClient } from './client.js';
import { PacketType } from './codec/packets.js';
import { startBroker, stopBrokers, TestClock } from './testing/test-broker.js';
import { TestClient, tick } from './testing/test-client.js';

afterEach(stopBrokers);

const LIMIT = 64 * 1024;

function flood(broker: MqttBroker, messages: number, size: number, qos: 0 | 1 = 0): void {
  for (let i = 0; i < messages; i++)
    broker.publish({ topic: 'a', payload: Buffer.alloc(size), qos, retain: false });
}

/** A client that subscribed and then stopped reading. */
async function stalled(broker: MqttBroker, qos: 0 | 1 = 0): Promise<TestClient> {
  const client = await TestClient.connect(broker, 'stalled');
  await client.subscribe('a', { qos });
  client.stream.pause();
  return client;
}

describe('a reader that stalls', () => {
  it('costs QoS 0 messages beyond the bound, and no more memory than that', async () => {
    const broker = startBroker({}, { maxOutboundBytes: LIMIT });
    const client = await stalled(broker);
    for (let round = 0; round < 50; round++) {
      flood(broker, 20, 1000);
      await tick(1);
    }
    client.stream.resume();
    const arrived = await client.settle();
    expect(arrived.length).toBeGreaterThan(30);
    expect(arrived.length).toBeLessThan(250);
  });

  it('slows nobody else', async () => {
    const broker = startBroker({}, { maxOutboundBytes: LIMIT });
    await stalled(broker);
    const healthy = await TestClient.connect(broker, 'healthy');
    await healthy.subscribe('a');
    for (let round = 0; round < 20; round++) {
      flood(broker, 20, 1000);
      expect(await healthy.settle()).toHaveLength(20);
    }
  });

  it('gets QoS 1 from its queue when it reads again, as far as the queue reaches', async () => {
    const broker = startBroker({}, { maxOutboundBytes: LIMIT, maxInflight: 1000, maxQueuedMessages: 100 });
    const client = await stalled(broker, 1);
    for (let round = 0; round < 50; round++) {
      flood(broker, 20, 1000, 1);
      await tick(1);
    }
    client.stream.resume();
    const arrived = await client.settle();
    await tick();
    const all = [...arrived, ...(await client.settle())];
    expect(all.length).toBeGreaterThan(130);
    expect(all.length).toBeLessThan(350);
  });

  it('is disconnected in the end', async () => {
    const clock = new TestClock();
    const causes: string[] = [];
    const broker = startBroker(
      { onDisconnected: (_, { detail }) => causes.push(detail) },
      { maxOutboundBytes: LIMIT, stallTimeoutMs: 30_000 },
      { now: clock.now },
    );
    await stalled(broker);
    flood(broker, 200, 1000);
    await tick();
    await clock.advance(29);
    expect(causes).toEqual([]);
    await clock.advance(2);
    expect(causes).toEqual(['reader stalled']);
    expect(broker.connectionCount).toBe(0);
  });

  it('is not disconnected if it reads, however much there is', async () => {
    const clock = new TestClock();
    const broker = startBroker({}, { maxOutboundBytes: LIMIT, stallTimeoutMs: 30_000 }, { now: clock.now });
    const client = await stalled(broker);
    for (let i = 0; i < 5; i++) {
      flood(broker, 200, 1000);
      await clock.advance(20);
      client.stream.resume();
      await client.settle();
      client.stream.pause();
    }
    expect(client.isClosed).toBe(false);
  });

  it('is not read from either: its requests do not pile up answers', async () => {
    const broker = startBroker({}, { maxOutboundBytes: 8 * 1024 });
    const client = await TestClient.connect(broker, 'greedy');
    client.stream.pause();
    const requests = 50_000;
    for (let i = 0; i < 10; i++) {
      client.write(Buffer.alloc((2 * requests) / 10, Buffer.from([PacketType.PINGREQ << 4, 0])));
    }
    await tick(20);
    const unread = client.stream.writableLength;
    client.stream.resume();
    while (client.inbox.length < requests) await tick();
    expect(unread).toBeGreaterThan(requests);
    expect(client.inbox).toHaveLength(requests);
  });

  it('refuses direct deliveries, and says when it reads again', async () => {
    const open: MqttClient[] = [];
    const broker = startBroker({ onWindowOpen: (client) => open.push(client) }, { maxOutboundBytes: LIMIT });
    const client = await stalled(broker);
    const handle = broker.client('stalled')!;
    const outcomes = new Set<string>();
    for (let i = 0; i < 200; i++) {
      outcomes.add(handle.deliver({ topic: 't', payload: Buffer.alloc(1000), qos: 0, cookie: i }));
      if (i % 20 === 0) await tick(1);
    }
    expect([...outcomes]).toEqual(['written', 'window-full']);
    expect(open).toEqual([]);
    client.stream.resume();
    await client.settle();
    expect(open).toEqual([handle]);
    expect(handle.deliver({ topic: 't', payload: Buffer.alloc(10), qos: 0, cookie: 'again' })).toBe(
      'written',
    );
  });
});

describe('writes', () => {
  it('of one tick leave as one', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe('a');
    const chunks: Buffer[] = [];
    client.stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    flood(broker, 10, 50);
    await tick();
    expect(chunks).toHaveLength(1);
    expect(client.inbox).toHaveLength(10);
  });

  it('carry payloads of every size whole', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe('#', { qos: 1 });
    const sizes = [0, 1, 127, 128, 4095, 4096, 4097, 16_383, 16_384, 65_535, 65_536, 200_000, 900_000];
    for (const size of sizes) {
      const payload = Buffer.alloc(size, `${size} `);
      client.publish(`size/${size}`, payload, { qos: 1, packetId: 1 });
      await client.take(PacketType.PUBACK);
      const packet = await client.takePublish();
      expect(packet.topic).toBe(`size/${size}`);
      expect(packet.payload.equals(payload)).toBe(true);
      client.acknowledge(PacketType.PUBACK, packet.packetId);
    }
  });
});
