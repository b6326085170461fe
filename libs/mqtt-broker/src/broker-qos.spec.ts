import type { MqttBroker } from './broker.js';
import { PacketType, type PublishPacket } from './codec/packets.js';
import { startBroker, stopBrokers, TestClock } from './testing/test-broker.js';
import { TestClient, tick } from './testing/test-client.js';

afterEach(stopBrokers);

const { PUBACK, PUBREC, PUBREL, PUBCOMP } = PacketType;
const lasting = { clean: false, properties: { sessionExpiryInterval: 1000 } };

function publishAll(broker: MqttBroker, topic: string, count: number, qos: 1 | 2 = 1): void {
  for (let i = 1; i <= count; i++)
    broker.publish({ topic, payload: Buffer.from(`${i}`), qos, retain: false });
}

const texts = (packets: unknown[]): string[] =>
  packets.map((packet) => (packet as PublishPacket).payload.toString());

describe('from a client', () => {
  it('acknowledges QoS 1, before the publisher’s own copy', async () => {
    const client = await TestClient.connect(startBroker(), 'c');
    await client.subscribe('a', { qos: 1 });
    client.publish('a', 'x', { qos: 1, packetId: 9 });
    expect(await client.take(PUBACK)).toMatchObject({ packetId: 9, reasonCode: 0 });
    expect(await client.takePublish()).toMatchObject({ topic: 'a', qos: 1 });
  });

  it('says that nobody was there, in 5.0', async () => {
    const broker = startBroker();
    const five = await TestClient.connect(broker, 'five');
    five.publish('a', 'x', { qos: 1, packetId: 1 });
    expect(await five.take(PUBACK)).toMatchObject({ packetId: 1, reasonCode: 0x10 });
    five.publish('a', 'x', { qos: 2, packetId: 2 });
    expect(await five.take(PUBREC)).toMatchObject({ packetId: 2, reasonCode: 0x10 });
    const four = await TestClient.connect(broker, 'four', { version: 4 });
    four.publish('a', 'x', { qos: 1, packetId: 1 });
    expect(await four.take(PUBACK)).toMatchObject({ packetId: 1 });
  });

  it('routes QoS 2 once, however often it is repeated before PUBREL [MQTT-4.3.3-10]', async () => {
    const broker = startBroker();
    const publisher = await TestClient.connect(broker, 'p');
    const subscriber = await TestClient.connect(broker, 's');
    await subscriber.subscribe('a', { qos: 2 });
    publisher.publish('a', 'once', { qos: 2, packetId: 7 });
    await publisher.take(PUBREC);
    publisher.publish('a', 'once', { qos: 2, packetId: 7, dup: true });
    await publisher.take(PUBREC);
    publisher.acknowledge(PUBREL, 7);
    expect(await publisher.take(PUBCOMP)).toMatchObject({ packetId: 7, reasonCode: 0 });
    publisher.publish('a', 'twice', { qos: 2, packetId: 7 });
    await publisher.take(PUBREC);
    expect(texts(await subscriber.settle())).toEqual(['once', 'twice']);
  });

  it('knows a QoS 2 identifier again after a reconnection [MQTT-4.3.3-10]', async () => {
    const broker = startBroker();
    const subscriber = await TestClient.connect(broker, 's');
    await subscriber.subscribe('a', { qos: 0 });
    const first = await TestClient.connect(broker, 'p', lasting);
    first.publish('a', 'x', { qos: 2, packetId: 3 });
    await first.take(PUBREC);
    await first.vanish();
    const second = await TestClient.connect(broker, 'p', lasting);
    second.publish('a', 'x', { qos: 2, packetId: 3, dup: true });
    await second.take(PUBREC);
    second.acknowledge(PUBREL, 3);
    await second.take(PUBCOMP);
    expect(texts(await subscriber.settle())).toEqual(['x']);
  });

  it('answers PUBREL of an unknown identifier', async () => {
    const broker = startBroker();
    const five = await TestClient.connect(broker, 'five');
    five.acknowledge(PUBREL, 5);
    expect(await five.take(PUBCOMP)).toMatchObject({ packetId: 5, reasonCode: 0x92 });
    const four = await TestClient.connect(broker, 'four', { version: 4 });
    four.acknowledge(PUBREL, 5);
    expect(await four.take(PUBCOMP)).toMatchObject({ packetId: 5 });
  });

  it('ends a client that repeats QoS 2 without end', async () => {
    const client = await TestClient.connect(startBroker(), 'c');
    for (let i = 0; i < 4; i++) client.publish('a', 'x', { qos: 2, packetId: 1, dup: i > 0 });
    await client.closed;
    expect(client.inbox.at(-1)).toMatchObject({ type: PacketType.DISCONNECT, reasonCode: 0x82 });
  });

  it('is acknowledged once at QoS 1 on the connection that repeats what an earlier one was not answered', async () => {
    const decide: (() => void)[] = [];
    const broker = startBroker({
      onPublish: () => new Promise((resolve) => decide.push(() => resolve('route'))),
    });
    const first = await TestClient.connect(broker, 'c', lasting);
    first.publish('a', 'x', { qos: 1, packetId: 1 });
    await first.vanish();
    const second = await TestClient.connect(broker, 'c', lasting);
    second.publish('a', 'x', { qos: 1, packetId: 1, dup: true });
    await tick();
    expect(decide).toHaveLength(2);
    for (const each of decide) each();
    expect(await second.settle()).toMatchObject([{ type: PUBACK, packetId: 1 }]);
  });

  it('may be repeated once more on each connection of an unlucky client', async () => {
    const broker = startBroker();
    for (let round = 0; round < 6; round++) {
      const client = await TestClient.connect(broker, 'c', lasting);
      client.publish('a', 'x', { qos: 2, packetId: 1, dup: round > 0 });
      expect(await client.take(PUBREC)).toMatchObject({ packetId: 1 });
      await client.vanish();
    }
  });

  it('ends a client beyond the Receive Maximum [MQTT-3.3.4-7]', async () => {
    const client = await TestClient.connect(startBroker({}, { receiveMaximum: 3 }), 'c');
    expect(client.connack?.properties?.receiveMaximum).toBe(3);
    for (let id = 1; id <= 3; id++) client.publish('a', 'x', { qos: 2, packetId: id });
    expect(await client.settle()).toHaveLength(3);
    client.publish('a', 'x', { qos: 2, packetId: 4 });
    await client.closed;
    expect(client.inbox.at(-1)).toMatchObject({ type: PacketType.DISCONNECT, reasonCode: 0x93 });
  });

  it('keeps the order of each QoS [MQTT-4.6.0-5]', async () => {
    const client = await TestClient.connect(startBroker(), 'c');
    await client.subscribe('#', { qos: 2 });
    for (let id = 1; id <= 50; id++) client.publish('a', `${id}`, { qos: 1, packetId: id });
    const arrived = (await client.settle()).filter(({ type }) => type === PacketType.PUBLISH);
    expect(texts(arrived)).toEqual(Array.from({ length: 50 }, (_, i) => `${i + 1}`));
  });
});

describe('to a client', () => {
  it('counts packet identifiers up from 1', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe('a', { qos: 2 });
    publishAll(broker, 'a', 3);
    expect((await client.settle()).map((packet) => (packet as PublishPacket).packetId)).toEqual([1, 2, 3]);
  });

  it('goes through QoS 2 and frees the identifier', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c', { properties: { receiveMaximum: 1 } });
    await client.subscribe('a', { qos: 2 });
    publishAll(broker, 'a', 2, 2);
    expect(await client.takePublish()).toMatchObject({ packetId: 1, qos: 2, dup: false });
    client.acknowledge(PUBREC, 1);
    expect(await client.take(PUBREL)).toMatchObject({ packetId: 1, reasonCode: 0 });
    client.acknowledge(PUBREC, 1);
    expect(await client.take(PUBREL)).toMatchObject({ packetId: 1, reasonCode: 0 });
    client.acknowledge(PUBCOMP, 1);
    expect(texts([await client.takePublish()])).toEqual(['2']);
  });

  it('frees the window when a PUBREC refuses (§4.9)', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c', { properties: { receiveMaximum: 1 } });
    await client.subscribe('a', { qos: 2 });
    publishAll(broker, 'a', 2, 2);
    const { packetId } = await client.takePublish();
    client.acknowledge(PUBREC, packetId, 0x80);
    expect(texts([await client.takePublish()])).toEqual(['2']);
  });

  it('answers a PUBREC of an unknown identifier, and passes over other strays', async () => {
    const client = await TestClient.connect(startBroker(), 'c');
    client.acknowledge(PUBREC, 77);
    expect(await client.take(PUBREL)).toMatchObject({ packetId: 77, reasonCode: 0x92 });
    client.acknowledge(PUBACK, 77);
    client.acknowledge(PUBCOMP, 77);
    client.acknowledge(PUBREC, 78, 0x80);
    expect(await client.settle()).toEqual([]);
  });

  it('does not let a PUBACK end a QoS 2 exchange, nor a PUBCOMP one that is not released', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c', { properties: { receiveMaximum: 1 } });
    await client.subscribe('a', { qos: 2 });
    publishAll(broker, 'a', 2, 2);
    await client.takePublish();
    client.acknowledge(PUBACK, 1);
    client.acknowledge(PUBCOMP, 1);
    expect(await client.settle()).toEqual([]);
  });

  it.each([1, 2, 10])('keeps to a Receive Maximum of %i [MQTT-3.3.4-9]', async (receiveMaximum) => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c', { properties: { receiveMaximum } });
    await client.subscribe('a', { qos: 1 });
    publishAll(broker, 'a', 25);
    const seen: string[] = [];
    while (seen.length < 25) {
      const batch = await client.settle();
      expect(batch.length).toBeLessThanOrEqual(receiveMaximum);
      seen.push(...texts(batch));
      for (const packet of batch) client.acknowledge(PUBACK, (packet as PublishPacket).packetId);
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => `${i + 1}`));
  });

  it('sends QoS 0 past a full window', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c', { properties: { receiveMaximum: 1 } });
    await client.subscribe('a', { qos: 1 });
    publishAll(broker, 'a', 2);
    broker.publish({ topic: 'a', payload: Buffer.from('now'), qos: 0, retain: false });
    expect(texts(await client.settle())).toEqual(['1', 'now']);
  });

  it('repeats what is unacknowledged with DUP, identifier and order kept, and only on a new connection', async () => {
    const broker = startBroker();
    const first = await TestClient.connect(broker, 'c', lasting);
    await first.subscribe('a', { qos: 1 });
    publishAll(broker, 'a', 4);
    await first.settle();
    first.acknowledge(PUBACK, 2);
    expect(await first.settle()).toEqual([]);
    await first.vanish();
    publishAll(broker, 'a', 1);
    const second = await TestClient.connect(broker, 'c', lasting);
    const packets = (await second.settle()) as PublishPacket[];
    expect(packets.map(({ packetId, dup }) => [packetId, dup])).toEqual([
      [1, true],
      [3, true],
      [4, true],
      [5, false],
    ]);
  });

  it('repeats PUBREL after a reconnection, not the message', async () => {
    const broker = startBroker();
    const first = await TestClient.connect(broker, 'c', lasting);
    await first.subscribe('a', { qos: 2 });
    publishAll(broker, 'a', 1, 2);
    await first.takePublish();
    first.acknowledge(PUBREC, 1);
    await first.take(PUBREL);
    await first.vanish();
    const second = await TestClient.connect(broker, 'c', lasting);
    expect(await second.settle()).toMatchObject([{ type: PUBREL, packetId: 1 }]);
    second.acknowledge(PUBCOMP, 1);
    await second.settle();
    await second.vanish();
    expect(await (await TestClient.connect(broker, 'c', lasting)).settle()).toEqual([]);
  });

  it('keeps to the Receive Maximum of the new connection while repeating', async () => {
    const broker = startBroker();
    const first = await TestClient.connect(broker, 'c', lasting);
    await first.subscribe('a', { qos: 1 });
    publishAll(broker, 'a', 5);
    await first.settle();
    await first.vanish();
    const properties = { ...lasting.properties, receiveMaximum: 2 };
    const second = await TestClient.connect(broker, 'c', { clean: false, properties });
    const seen: string[] = [];
    for (let i = 0; i < 3; i++) {
      const batch = (await second.settle()) as PublishPacket[];
      expect(batch.length).toBeLessThanOrEqual(2);
      seen.push(...texts(batch));
      for (const { packetId } of batch) second.acknowledge(PUBACK, packetId);
    }
    expect(seen).toEqual(['1', '2', '3', '4', '5']);
  });

  it.each([1, 2] as const)(
    'passes over what the new connection takes no packet so large for (QoS %i)',
    async (qos) => {
      const dropped: string[] = [];
      const broker = startBroker({
        onMessageDropped: (_, topic, why) => void dropped.push(`${topic} ${why}`),
      });
      const first = await TestClient.connect(broker, 'c', lasting);
      await first.subscribe('a', { qos });
      broker.publish({ topic: 'a', payload: Buffer.alloc(500), qos, retain: false });
      publishAll(broker, 'a', 2, qos);
      expect(await first.settle()).toHaveLength(3);
      await first.vanish();
      const properties = { ...lasting.properties, receiveMaximum: 1, maximumPacketSize: 100 };
      const second = await TestClient.connect(broker, 'c', { clean: false, properties });
      const packets = await second.settle();
      expect(texts(packets.filter(({ type }) => type === PacketType.PUBLISH))).toEqual(['1']);
      // Its client may have the identifier from before.
      expect(packets.filter(({ type }) => type === PUBREL)).toHaveLength(qos - 1);
      expect(dropped).toEqual(['a too-large']);
    },
  );

  it('sends the time that is left of what waited before it was sent, and is sent again [MQTT-3.3.2-6]', async () => {
    const clock = new TestClock();
    const broker = startBroker({}, {}, { now: clock.now });
    const first = await TestClient.connect(broker, 'c', lasting);
    await first.subscribe('a', { qos: 1 });
    await first.vanish();
    const properties = { messageExpiryInterval: 50 };
    broker.publish({ topic: 'a', payload: Buffer.from('x'), qos: 1, retain: false, properties });
    await clock.advance(10);
    const second = await TestClient.connect(broker, 'c', lasting);
    expect((await second.takePublish()).properties).toEqual({ messageExpiryInterval: 40 });
    await second.vanish();
    await clock.advance(10);
    const third = await TestClient.connect(broker, 'c', lasting);
    expect(await third.takePublish()).toMatchObject({ dup: true, properties: { messageExpiryInterval: 30 } });
  });

  it('does not give an identifier out again while it is taken', async () => {
    const broker = startBroker(
      {},
      { maxInflight: 65_535, maxInflightBytes: Infinity, maxQueuedMessages: 100_000 },
    );
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe('a', { qos: 1 });
    publishAll(broker, 'a', 65_535);
    const packets = (await client.settle()) as PublishPacket[];
    expect(new Set(packets.map(({ packetId }) => packetId)).size).toBe(65_535);
    publishAll(broker, 'a', 1);
    expect(await client.settle()).toEqual([]);
    client.acknowledge(PUBACK, 4711);
    expect(await client.takePublish()).toMatchObject({ packetId: 4711 });
  });
});

describe('queues', () => {
  async function offline(broker: MqttBroker): Promise<void> {
    const client = await TestClient.connect(broker, 'c', lasting);
    await client.subscribe('a', { qos: 1 });
    await client.leave();
    await tick();
  }

  it('keeps QoS 1 and 2 for an absent client, not QoS 0', async () => {
    const broker = startBroker();
    await offline(broker);
    publishAll(broker, 'a', 2);
    broker.publish({ topic: 'a', payload: Buffer.from('zero'), qos: 0, retain: false });
    const client = await TestClient.connect(broker, 'c', lasting);
    expect(texts(await client.settle())).toEqual(['1', '2']);
  });

  it('drops the oldest beyond its number, and says so', async () => {
    const dropped: string[] = [];
    const onMessageDropped = (...lost: string[]): number => dropped.push(lost.join(' '));
    const broker = startBroker({ onMessageDropped }, { maxQueuedMessages: 3 });
    await offline(broker);
    publishAll(broker, 'a', 5);
    expect(dropped).toEqual(['c a queue-full', 'c a queue-full']);
    const client = await TestClient.connect(broker, 'c', lasting);
    expect(texts(await client.settle())).toEqual(['3', '4', '5']);
  });

  it('drops the oldest beyond its bytes', async () => {
    const broker = startBroker({}, { maxQueuedBytes: 3000 });
    await offline(broker);
    for (const text of ['1', '2', '3', '4']) {
      broker.publish({ topic: 'a', payload: Buffer.alloc(1200, text), qos: 1, retain: false });
    }
    broker.publish({ topic: 'a', payload: Buffer.alloc(5000, 'x'), qos: 1, retain: false });
    const client = await TestClient.connect(broker, 'c', lasting);
    expect(texts(await client.settle()).map((text) => text[0])).toEqual(['3', '4']);
  });

  it('takes no more when all queues together are full', async () => {
    const broker = startBroker({}, { maxTotalQueuedBytes: 1000 });
    await offline(broker);
    publishAll(broker, 'a', 20);
    const client = await TestClient.connect(broker, 'c', lasting);
    const first = await client.settle();
    expect(texts(first).slice(0, 3)).toEqual(['1', '2', '3']);
    expect(first.length).toBeLessThan(10);
    await client.vanish();
  });

  it('lets a waiting message expire, and sends the time that is left [MQTT-3.3.2-5], [MQTT-3.3.2-6]', async () => {
    const clock = new TestClock();
    const broker = startBroker({}, {}, { now: clock.now });
    await offline(broker);
    for (const seconds of [5, 60]) {
      const properties = { messageExpiryInterval: seconds };
      broker.publish({ topic: 'a', payload: Buffer.from(`${seconds}`), qos: 1, retain: false, properties });
    }
    await clock.advance(20);
    const client = await TestClient.connect(broker, 'c', lasting);
    expect(await client.settle()).toMatchObject([{ properties: { messageExpiryInterval: 40 } }]);
  });

  it('keeps what it copied, not the publisher’s bytes', async () => {
    const broker = startBroker();
    await offline(broker);
    const payload = Buffer.from('before');
    broker.publish({ topic: 'a', payload, qos: 1, retain: false });
    payload.fill('x');
    const client = await TestClient.connect(broker, 'c', lasting);
    expect(texts(await client.settle())).toEqual(['before']);
  });
});

describe('memory of unacknowledged messages', () => {
  it('is bounded in bytes, not only in number', async () => {
    const broker = startBroker({}, { maxInflightBytes: 10_000 });
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe('a', { qos: 1 });
    for (let i = 0; i < 10; i++)
      broker.publish({ topic: 'a', payload: Buffer.alloc(4000), qos: 1, retain: false });
    const first = (await client.settle()) as PublishPacket[];
    expect(first.map(({ packetId }) => packetId)).toEqual([1, 2, 3]);
    client.acknowledge(PUBACK, 1);
    expect(await client.settle()).toMatchObject([{ packetId: 4 }]);
  });

  it('charges queued messages for their properties', async () => {
    const broker = startBroker({}, { maxQueuedBytes: 10_000 });
    await (
      await TestClient.connect(broker, 'c', lasting).then(async (client) => {
        await client.subscribe('a', { qos: 1 });
        return client;
      })
    ).leave();
    const userProperties: [string, string][] = [['k', 'v'.repeat(4000)]];
    for (let i = 0; i < 5; i++) {
      broker.publish({
        topic: 'a',
        payload: Buffer.alloc(1),
        qos: 1,
        retain: false,
        properties: { userProperties },
      });
    }
    expect(await (await TestClient.connect(broker, 'c', lasting)).settle()).toHaveLength(2);
  });
});
