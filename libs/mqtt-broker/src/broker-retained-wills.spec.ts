import { PacketType, type PublishPacket, type Will } from './codec/packets.js';
import type { BrokerMessage } from './message.js';
import { startBroker, stopBrokers, TestClock } from './testing/test-broker.js';
import { TestClient, tick } from './testing/test-client.js';

afterEach(stopBrokers);

const retained = (topic: string, text = topic, more: Partial<BrokerMessage> = {}): BrokerMessage => ({
  topic,
  payload: Buffer.from(text),
  qos: 1,
  retain: true,
  ...more,
});

const topics = (packets: unknown[]): string[] =>
  packets.map((packet) => (packet as PublishPacket).topic).toSorted((a, b) => a.localeCompare(b));

describe('retained messages', () => {
  it('greet a new subscription with RETAIN set [MQTT-3.3.1-9], 3.1.1 [MQTT-3.3.1-8]', async () => {
    const broker = startBroker();
    broker.publish(retained('a', 'old'));
    broker.publish(retained('a', 'new'));
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe('a', { qos: 1 });
    expect(await client.settle()).toMatchObject([
      { topic: 'a', retain: true, qos: 1, payload: Buffer.from('new') },
    ]);
  });

  it('come without RETAIN to those who are there, unless they want it as published', async () => {
    const broker = startBroker();
    const plain = await TestClient.connect(broker, 'plain');
    const exact = await TestClient.connect(broker, 'exact');
    await plain.subscribe('a');
    await exact.subscribe('a', { retainAsPublished: true });
    broker.publish(retained('a'));
    broker.publish(retained('a', 'x', { retain: false }));
    expect((await plain.settle()).map((packet) => (packet as PublishPacket).retain)).toEqual([false, false]);
    expect((await exact.settle()).map((packet) => (packet as PublishPacket).retain)).toEqual([true, false]);
  });

  it('go with an empty payload [MQTT-3.3.1-6]', async () => {
    const broker = startBroker();
    broker.publish(retained('a'));
    broker.publish(retained('a', ''));
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe('a');
    expect(await client.settle()).toEqual([]);
  });

  it.each([
    ['#', ['/x', 'a', 'a/b', 'a/b/c', 'd']],
    ['a/#', ['a', 'a/b', 'a/b/c']],
    ['+', ['a', 'd']],
    ['a/+', ['a/b']],
    ['+/+/c', ['a/b/c']],
    ['/+', ['/x']],
    ['$SYS/#', ['$SYS/y']],
    ['none/#', []],
  ])('are found by %s', async (filter, expected) => {
    const broker = startBroker();
    for (const topic of ['a', 'a/b', 'a/b/c', 'd', '/x', '$SYS/y']) broker.publish(retained(topic));
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe(filter);
    expect(topics(await client.settle())).toEqual(expected);
  });

  it.each([
    [0, 1, 1],
    [1, 1, 0],
    [2, 0, 0],
  ] as const)('retain handling %i: %i at first, %i when repeated', async (retainHandling, first, again) => {
    const broker = startBroker();
    broker.publish(retained('a'));
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe('a', { retainHandling });
    expect(await client.settle()).toHaveLength(first);
    await client.subscribe('a', { retainHandling });
    expect(await client.settle()).toHaveLength(again);
  });

  it('do not come to shared subscriptions', async () => {
    const broker = startBroker();
    broker.publish(retained('a'));
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe('$share/g/a');
    expect(await client.settle()).toEqual([]);
  });

  it('carry the identifier of the subscription, and their properties', async () => {
    const broker = startBroker();
    broker.publish(
      retained('a', 'x', { properties: { contentType: 'text/plain', userProperties: [['k', 'v']] } }),
    );
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe('a', {}, { subscriptionIdentifiers: [3] });
    expect((await client.takePublish()).properties).toEqual({
      contentType: 'text/plain',
      userProperties: [['k', 'v']],
      subscriptionIdentifiers: [3],
    });
  });

  it('expire', async () => {
    const clock = new TestClock();
    const broker = startBroker({}, {}, { now: clock.now });
    broker.publish(retained('a', 'x', { properties: { messageExpiryInterval: 10 } }));
    broker.publish(retained('b', 'x', { properties: { messageExpiryInterval: 100 } }));
    await clock.advance(30);
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe('#');
    expect(await client.settle()).toMatchObject([{ topic: 'b', properties: { messageExpiryInterval: 70 } }]);
  });

  it('are bounded in number: QoS 1 hears it, others are only routed', async () => {
    const broker = startBroker({}, { maxRetainedMessages: 1 });
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe('#');
    client.publish('a', '1', { retain: true });
    client.publish('b', '2', { retain: true });
    client.publish('c', '3', { retain: true, qos: 1, packetId: 1 });
    client.publish('a', '4', { retain: true, qos: 1, packetId: 2 });
    const packets = await client.settle();
    const acknowledged = packets.filter(({ type }) => type === PacketType.PUBACK);
    expect(acknowledged).toMatchObject([{ reasonCode: 0x97 }, { reasonCode: 0 }]);
    expect(topics(packets.filter(({ type }) => type === PacketType.PUBLISH))).toEqual(['a', 'a', 'b']);
    const later = await TestClient.connect(broker, 'later');
    await later.subscribe('#');
    expect(topics(await later.settle())).toEqual(['a']);
  });

  it('are bounded in bytes, and give room back', async () => {
    const broker = startBroker({}, { maxRetainedBytes: 1000 });
    broker.publish(retained('a', 'x'.repeat(600)));
    broker.publish(retained('b', 'x'.repeat(600)));
    broker.publish(retained('a', ''));
    broker.publish(retained('c', 'x'.repeat(600)));
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe('#');
    expect(topics(await client.settle())).toEqual(['c']);
  });

  it('beyond the window wait for acknowledgements, in any number', async () => {
    const broker = startBroker();
    for (let i = 0; i < 50; i++) broker.publish(retained(`t/${i}`));
    const client = await TestClient.connect(broker, 'c', { properties: { receiveMaximum: 4 } });
    await client.subscribe('t/#', { qos: 1 });
    const seen = new Set<string>();
    for (let batch = await client.settle(); batch.length > 0; batch = await client.settle()) {
      expect(batch.length).toBeLessThanOrEqual(4);
      for (const packet of batch as PublishPacket[]) {
        seen.add(packet.topic);
        client.acknowledge(PacketType.PUBACK, packet.packetId);
      }
    }
    expect(seen.size).toBe(50);
  });
});

describe('wills', () => {
  const will = (fields: Partial<Will> = {}): Will => ({
    topic: 'will',
    payload: Buffer.from('gone'),
    qos: 1,
    retain: false,
    ...fields,
  });

  async function watcher(broker: ReturnType<typeof startBroker>): Promise<TestClient> {
    const client = await TestClient.connect(broker, 'watcher');
    await client.subscribe('#', { qos: 2, retainAsPublished: true });
    return client;
  }

  it.each([3, 4, 5] as const)(
    'go out when the connection is lost (level %i) [MQTT-3.1.2-8]',
    async (version) => {
      const broker = startBroker();
      const watching = await watcher(broker);
      const client = await TestClient.connect(broker, 'c', { version, will: will({ retain: true }) });
      await client.vanish();
      expect(await watching.takePublish()).toMatchObject({
        topic: 'will',
        qos: 1,
        retain: true,
        payload: Buffer.from('gone'),
      });
    },
  );

  it('stay at home after DISCONNECT [MQTT-3.14.4-3], and go after one that asks for them', async () => {
    const broker = startBroker();
    const watching = await watcher(broker);
    await (await TestClient.connect(broker, 'quiet', { will: will() })).leave();
    await (await TestClient.connect(broker, 'loud', { will: will({ topic: 'asked' }) })).leave(4);
    await tick();
    expect(topics(await watching.settle())).toEqual(['asked']);
  });

  it('go out after a protocol error, a keep alive timeout and a take-over', async () => {
    const clock = new TestClock();
    const broker = startBroker({}, {}, { now: clock.now });
    const watching = await watcher(broker);
    const wrong = await TestClient.connect(broker, 'wrong', { will: will({ topic: 'wrong' }) });
    wrong.write(Buffer.from([0, 0]));
    await wrong.closed;
    await TestClient.connect(broker, 'silent', { will: will({ topic: 'silent' }), keepAlive: 10 });
    await clock.advance(16);
    await TestClient.connect(broker, 'taken', { will: will({ topic: 'taken' }) });
    await TestClient.connect(broker, 'taken');
    await tick();
    expect(topics(await watching.settle())).toEqual(['silent', 'taken', 'wrong']);
  });

  it('wait for their delay', async () => {
    const clock = new TestClock();
    const broker = startBroker({}, {}, { now: clock.now });
    const watching = await watcher(broker);
    const properties = { willDelayInterval: 10, contentType: 'text/plain' };
    const session = { clean: false, properties: { sessionExpiryInterval: 100 } };
    await (await TestClient.connect(broker, 'c', { ...session, will: will({ properties }) })).vanish();
    await clock.advance(9);
    expect(await watching.settle()).toEqual([]);
    await clock.advance(2);
    const packet = await watching.takePublish();
    expect(packet).toMatchObject({ topic: 'will' });
    expect(packet.properties).toEqual({ contentType: 'text/plain' });
  });

  it('are not sent when the client is back in time [MQTT-3.1.3-9]', async () => {
    const clock = new TestClock();
    const broker = startBroker({}, {}, { now: clock.now });
    const watching = await watcher(broker);
    const session = { clean: false, properties: { sessionExpiryInterval: 100 } };
    const properties = { willDelayInterval: 10 };
    await (await TestClient.connect(broker, 'c', { ...session, will: will({ properties }) })).vanish();
    await clock.advance(5);
    await TestClient.connect(broker, 'c', session);
    await clock.advance(20);
    expect(await watching.settle()).toEqual([]);
  });

  it('do not wait longer than their session', async () => {
    const clock = new TestClock();
    const broker = startBroker({}, {}, { now: clock.now });
    const watching = await watcher(broker);
    const properties = { willDelayInterval: 1000 };
    const short = { clean: false, properties: { sessionExpiryInterval: 5 } };
    await (await TestClient.connect(broker, 'c', { ...short, will: will({ properties }) })).vanish();
    await clock.advance(6);
    expect(topics(await watching.settle())).toEqual(['will']);
    await (await TestClient.connect(broker, 'd', { will: will({ topic: 'at once', properties }) })).vanish();
    expect(topics(await watching.settle())).toEqual(['at once']);
  });

  it('go out when a clean start ends their session', async () => {
    const broker = startBroker();
    const watching = await watcher(broker);
    const session = { clean: false, properties: { sessionExpiryInterval: 100 } };
    const properties = { willDelayInterval: 50 };
    await (await TestClient.connect(broker, 'c', { ...session, will: will({ properties }) })).vanish();
    await TestClient.connect(broker, 'c', { clean: true });
    await tick();
    expect(topics(await watching.settle())).toEqual(['will']);
  });

  it('that may not be published keep their client out', async () => {
    const broker = startBroker({ authorizePublish: (_, topic) => topic !== 'forbidden' });
    const refused = new TestClient(broker);
    expect((await refused.open('c', { will: will({ topic: 'forbidden' }) })).reasonCode).toBe(0x87);
    const old = new TestClient(broker, 4);
    expect((await old.open('c', { will: will({ topic: 'forbidden' }) })).reasonCode).toBe(5);
    expect(broker.client('c')).toBeUndefined();
  });

  it('pass through onPublish', async () => {
    const heard: string[] = [];
    const broker = startBroker({
      onPublish: (client, { topic }) => (heard.push(`${client.id} ${topic}`), 'consume'),
    });
    const watching = await watcher(broker);
    await (await TestClient.connect(broker, 'c', { will: will() })).vanish();
    expect(heard).toEqual(['c will']);
    expect(await watching.settle()).toEqual([]);
  });
});
