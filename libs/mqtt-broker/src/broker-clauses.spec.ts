import type { MqttBroker } from './broker.js';
import { PacketType, type Packet, type PublishPacket } from './codec/packets.js';
import { startBroker, stopBrokers, TestClock } from './testing/test-broker.js';
import { TestClient } from './testing/test-client.js';

afterEach(stopBrokers);

const { CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK, PINGRESP, DISCONNECT } =
  PacketType;
const lasting = { clean: false, properties: { sessionExpiryInterval: 1000 } };

function send(broker: MqttBroker, topic: string, text = topic, qos: 0 | 1 | 2 = 1, retain = false): void {
  broker.publish({ topic, payload: Buffer.from(text), qos, retain });
}

const publications = (packets: Packet[]): PublishPacket[] =>
  packets.filter((packet) => packet.type === PUBLISH) as PublishPacket[];
const texts = (packets: Packet[]): string[] => publications(packets).map(({ payload }) => payload.toString());

/** What a new subscriber finds retained. */
async function retained(broker: MqttBroker, filter: string): Promise<[string, number][]> {
  const client = await TestClient.connect(broker, `reader of ${filter}`);
  await client.subscribe(filter, { qos: 2 });
  const found = publications(await client.settle()).map(({ payload, qos }): [string, number] => [
    payload.toString(),
    qos,
  ]);
  await client.leave();
  return found;
}

describe('what a client is told', () => {
  it('has no response information, asked for or not [MQTT-3.1.2-28]', async () => {
    const broker = startBroker();
    for (const requestResponseInformation of [0, 1]) {
      const { connack } = await TestClient.connect(broker, 'c', {
        properties: { requestResponseInformation },
      });
      expect(connack?.properties?.responseInformation).toBeUndefined();
    }
  });

  it('has reasons on CONNACK and DISCONNECT alone if problem information is not wanted [MQTT-3.1.2-29]', async () => {
    const broker = startBroker({ authorizePublish: () => false, authorizeSubscribe: () => false });
    const client = await TestClient.connect(broker, 'c', { properties: { requestProblemInformation: 0 } });
    const suback = await client.subscribe('a');
    client.publish('a', 'x', { qos: 1, packetId: 1 });
    client.publish('a', 'x', { qos: 2, packetId: 2 });
    client.acknowledge(PUBREC, 3);
    client.acknowledge(PUBREL, 4);
    client.send({ type: PacketType.UNSUBSCRIBE, packetId: 5, filters: ['a'] });
    const packets = [suback, ...(await client.settle())];
    expect(packets.map(({ type }) => type)).toEqual([SUBACK, PUBACK, PUBREC, PUBREL, PUBCOMP, UNSUBACK]);
    for (const packet of packets) expect(packet).not.toHaveProperty('properties.reasonString');
  });

  it('is one CONNACK, also to a client that sends a second CONNECT [MQTT-3.2.0-2]', async () => {
    const client = await TestClient.connect(startBroker(), 'c');
    client.sendConnect('c');
    await client.closed;
    expect(client.inbox.map(({ type }) => type)).toEqual([DISCONNECT]);
  });

  it('is nothing about what came behind a CONNECT that was refused [MQTT-3.1.4-6]', async () => {
    const heard: string[] = [];
    const broker = startBroker({
      authenticate: () => ({ ok: false, reason: 'not-authorized' }),
      onPublish: (_, { topic }) => (heard.push(topic), 'route'),
    });
    const client = new TestClient(broker);
    client.sendConnect('c');
    client.publish('a', 'x', { qos: 1, packetId: 1, retain: true });
    await client.closed;
    expect(client.inbox).toMatchObject([{ type: CONNACK, reasonCode: 0x87 }]);
    expect(heard).toEqual([]);
    expect(broker.statistics.retainedMessages).toBe(0);
  });

  it('ends with DISCONNECT, which has no session expiry interval [MQTT-3.14.2-2], [MQTT-3.14.4-1]', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c', lasting);
    await client.subscribe('a', { qos: 1 });
    broker.disconnect('c', 'administrative-action');
    send(broker, 'a');
    await client.closed;
    expect(client.inbox).toEqual([{ type: DISCONNECT, reasonCode: 0x98, properties: undefined }]);
  });

  it.each(['a', '0123456789abcdefghijklm', 'nopqrstuvwxyzABCDEFGHIJ', 'KLMNOPQRSTUVWXYZ'])(
    'is welcome under the plain identifier %s [MQTT-3.1.3-5]',
    async (clientId) => {
      const broker = startBroker();
      for (const version of [3, 4, 5] as const) await TestClient.connect(broker, clientId, { version });
      expect(broker.client(clientId)?.protocolVersion).toBe(5);
    },
  );
});

describe('what becomes of retained messages', () => {
  it('without RETAIN nothing is kept, replaced or removed [MQTT-3.3.1-8]', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c');
    client.publish('kept', 'first', { retain: true });
    client.publish('kept', 'second');
    client.publish('kept', '');
    client.publish('new', 'x');
    await client.settle();
    expect(await retained(broker, '#')).toEqual([['first', 0]]);
  });

  it('a later one takes the place, whatever its QoS, and keeps its own [MQTT-3.3.1-5]', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c', { version: 4 });
    client.publish('a', 'one', { retain: true, qos: 1, packetId: 1 });
    client.publish('a', 'zero', { retain: true });
    client.publish('b', 'zero', { retain: true });
    client.publish('b', 'two', { retain: true, qos: 2, packetId: 2 });
    await client.settle();
    expect(await retained(broker, 'a')).toEqual([['zero', 0]]);
    expect(await retained(broker, 'b')).toEqual([['two', 2]]);
  });

  it('they outlive the session that published them (3.1.1 [MQTT-3.1.2-7])', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c', { version: 4 });
    client.publish('a', 'x', { retain: true });
    await client.settle();
    await client.leave();
    await TestClient.connect(broker, 'c', { version: 4 });
    expect(await retained(broker, 'a')).toEqual([['x', 0]]);
  });
});

describe('on the way to a subscriber', () => {
  it('DUP is that of this transmission, not of the one that came in [MQTT-3.3.1-3]', async () => {
    const client = await TestClient.connect(startBroker(), 'c');
    await client.subscribe('a', { qos: 2 });
    client.publish('a', '1', { qos: 1, packetId: 1, dup: true });
    client.publish('a', '2', { qos: 2, packetId: 2, dup: true });
    expect(publications(await client.settle()).map(({ dup }) => dup)).toEqual([false, false]);
  });

  it('a QoS 1 identifier that was acknowledged is that of a new message [MQTT-4.3.2-5]', async () => {
    const client = await TestClient.connect(startBroker(), 'c');
    await client.subscribe('a');
    for (const text of ['1', '2']) client.publish('a', text, { qos: 1, packetId: 9, dup: text === '2' });
    const packets = await client.settle();
    expect(packets.filter(({ type }) => type === PUBACK)).toHaveLength(2);
    expect(texts(packets)).toEqual(['1', '2']);
  });

  it('a full window holds up publications alone [MQTT-3.3.4-10], [MQTT-4.9.0-3]', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c', { properties: { receiveMaximum: 1 } });
    await client.subscribe('a', { qos: 1 });
    for (const text of ['1', '2']) send(broker, 'a', text);
    client.publish('none', 'x', { qos: 1, packetId: 7 });
    client.publish('none', 'x', { qos: 2, packetId: 8 });
    client.acknowledge(PUBREL, 8);
    client.send({ type: PacketType.UNSUBSCRIBE, packetId: 9, filters: ['none'] });
    client.send({ type: PacketType.PINGREQ });
    const types = (await client.settle()).map(({ type }) => type);
    expect(types).toEqual([PUBLISH, PUBACK, PUBREC, PUBCOMP, UNSUBACK]);
    await client.take(PINGRESP);
  });

  it('nothing is lost while a subscription is replaced [MQTT-3.8.4-4]', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c', { properties: { receiveMaximum: 1 } });
    await client.subscribe('a', { qos: 1 });
    for (const text of ['1', '2', '3']) send(broker, 'a', text);
    const subscription = { filter: 'a', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 };
    client.send({ type: PacketType.SUBSCRIBE, packetId: 2, subscriptions: [subscription as never] });
    for (const text of ['4', '5']) send(broker, 'a', text);
    const seen: string[] = [];
    while (seen.length < 5) {
      const batch = publications((await client.settle()).filter(({ type }) => type !== SUBACK));
      seen.push(...texts(batch));
      for (const { packetId } of batch) client.acknowledge(PUBACK, packetId);
    }
    expect(seen).toEqual(['1', '2', '3', '4', '5']);
  });

  it('filters are compared character by character, and nothing is normalized [MQTT-3.10.4-1], [MQTT-4.7.3-4]', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c');
    const composed = '\u00e5';
    const decomposed = 'a\u030a';
    for (const filter of ['a/+', 'a/b', composed]) await client.subscribe(filter);
    client.send({ type: PacketType.UNSUBSCRIBE, packetId: 4, filters: ['a/+', 'A/b', decomposed, 'a/b/'] });
    expect(await client.take(UNSUBACK)).toMatchObject({ reasonCodes: [0, 0x11, 0x11, 0x11] });
    for (const topic of [composed, decomposed, 'a/b', 'a/c']) send(broker, topic, topic, 0);
    expect(texts(await client.settle())).toEqual([composed, 'a/b']);
  });

  it('a message that a PUBACK or PUBREC refused is not repeated [MQTT-4.4.0-2]', async () => {
    const broker = startBroker();
    const first = await TestClient.connect(broker, 'c', lasting);
    await first.subscribe('a', { qos: 2 });
    send(broker, 'a', 'one', 1);
    send(broker, 'a', 'two', 2);
    await first.settle();
    first.acknowledge(PUBACK, 1, 0x80);
    first.acknowledge(PUBREC, 2, 0x97);
    await first.settle();
    await first.vanish();
    expect(await (await TestClient.connect(broker, 'c', lasting)).settle()).toEqual([]);
  });

  it('a message once sent at QoS 2 does not expire [MQTT-4.3.3-7], [MQTT-4.3.3-13]', async () => {
    const clock = new TestClock();
    const broker = startBroker({}, {}, { now: clock.now });
    const properties = { messageExpiryInterval: 5 };
    const first = await TestClient.connect(broker, 'c', lasting);
    await first.subscribe('a', { qos: 2 });
    first.publish('a', 'x', { qos: 2, packetId: 3, properties });
    await first.settle();
    await first.vanish();
    await clock.advance(60);
    const second = await TestClient.connect(broker, 'c', lasting);
    expect(await second.takePublish()).toMatchObject({ packetId: 1, dup: true, payload: Buffer.from('x') });
    second.acknowledge(PUBREL, 3);
    expect(await second.take(PUBCOMP)).toMatchObject({ packetId: 3, reasonCode: 0 });
  });

  it.each([4, 5] as const)('level %i: QoS 1 and 2 are stored for a session that is away', async (version) => {
    const broker = startBroker();
    const session = version === 5 ? lasting : { clean: false };
    const first = await TestClient.connect(broker, 'c', { version, ...session });
    await first.subscribe('a', { qos: 2 });
    await first.leave();
    for (const qos of [1, 2] as const) send(broker, 'a', `${qos}`, qos);
    const second = await TestClient.connect(broker, 'c', { version, ...session });
    expect(publications(await second.settle())).toMatchObject([{ qos: 1 }, { qos: 2 }]);
  });
});

describe('an exchange', () => {
  it('that carries a subscription identifier ends its client [MQTT-3.3.4-6]', async () => {
    const client = await TestClient.connect(startBroker(), 'c');
    client.publish('a', 'x', { properties: { subscriptionIdentifiers: [1] } });
    await client.closed;
    expect(client.inbox).toMatchObject([{ type: DISCONNECT, reasonCode: 0x82 }]);
  });

  it('of QoS 2: PUBRELs come in the order of the PUBRECs [MQTT-4.6.0-4]', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe('a', { qos: 2 });
    for (let i = 0; i < 4; i++) send(broker, 'a', `${i}`, 2);
    await client.settle();
    for (const packetId of [3, 1, 4, 2]) client.acknowledge(PUBREC, packetId);
    expect(await client.settle()).toMatchObject([3, 1, 4, 2].map((packetId) => ({ type: PUBREL, packetId })));
  });
});

describe('a member of a shared subscription', () => {
  async function pair(broker: MqttBroker, session = lasting): Promise<[TestClient, TestClient]> {
    const [one, two] = [
      await TestClient.connect(broker, 'one', session),
      await TestClient.connect(broker, 'two'),
    ];
    await one.subscribe('$share/g/a', { qos: 2 });
    await two.subscribe('$share/g/a', { qos: 1 });
    return [one, two];
  }

  it('gets the QoS that it was granted [MQTT-4.8.2-3]', async () => {
    const broker = startBroker();
    const [one, two] = await pair(broker);
    for (const text of ['1', '2']) send(broker, 'a', text, 2);
    const arrived = [...(await one.settle()), ...(await two.settle())];
    expect(arrived).toMatchObject([{ qos: 2 }, { qos: 1 }]);
  });

  it('gets the rest of what was begun when it is back, and nobody else does [MQTT-4.8.2-4]', async () => {
    const broker = startBroker();
    const [one, two] = await pair(broker);
    send(broker, 'a', 'begun', 2);
    await one.takePublish();
    await one.vanish();
    expect(await two.settle()).toEqual([]);
    const back = await TestClient.connect(broker, 'one', lasting);
    expect(await back.takePublish()).toMatchObject({ dup: true, payload: Buffer.from('begun') });
  });

  it('takes what was begun along when its session ends [MQTT-4.8.2-5]', async () => {
    const broker = startBroker();
    const [one, two] = await pair(broker, { clean: true } as never);
    send(broker, 'a', 'begun', 2);
    await one.takePublish();
    await one.vanish();
    expect(broker.statistics.sessions).toBe(1);
    expect(await two.settle()).toEqual([]);
  });

  it('may refuse a message, which then goes to nobody [MQTT-4.8.2-6]', async () => {
    const broker = startBroker();
    const [one, two] = await pair(broker);
    send(broker, 'a', 'unwanted', 2);
    const { packetId } = await one.takePublish();
    one.acknowledge(PUBREC, packetId, 0x83);
    expect(await one.settle()).toEqual([]);
    expect(await two.settle()).toEqual([]);
  });
});

describe('a will', () => {
  const will = { topic: 'will', payload: Buffer.from('x'), qos: 0 as const, retain: false };

  it('without Will Retain is not kept [MQTT-3.1.2-14]', async () => {
    const broker = startBroker();
    await (await TestClient.connect(broker, 'c', { will })).vanish();
    expect(await retained(broker, 'will')).toEqual([]);
  });

  it('goes out once, and not again for a later connection without one [MQTT-3.1.2-10], 3.1.1 [MQTT-3.1.2-12]', async () => {
    const broker = startBroker();
    const watching = await TestClient.connect(broker, 'w');
    await watching.subscribe('will', { qos: 2 });
    await (await TestClient.connect(broker, 'c', { ...lasting, will: { ...will, qos: 2 } })).vanish();
    expect(await watching.takePublish()).toMatchObject({ qos: 2, retain: false });
    await (await TestClient.connect(broker, 'c', lasting)).vanish();
    expect(await watching.settle()).toEqual([]);
  });

  it('keeps the order of its user properties [MQTT-3.1.3-10]', async () => {
    const broker = startBroker();
    const watching = await TestClient.connect(broker, 'w');
    await watching.subscribe('will');
    const userProperties = ['b', 'a', 'b'].map((name, i) => [name, `${i}`] as const);
    await (
      await TestClient.connect(broker, 'c', { will: { ...will, properties: { userProperties } } })
    ).vanish();
    expect((await watching.takePublish()).properties).toEqual({ userProperties });
  });
});
