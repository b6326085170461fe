import type { MqttBroker } from './broker.js';
import { PacketType, type PublishPacket } from './codec/packets.js';
import { startBroker, stopBrokers, TestClock } from './testing/test-broker.js';
import { TestClient } from './testing/test-client.js';

afterEach(stopBrokers);

function send(broker: MqttBroker, topic: string, size = 1, qos: 0 | 1 | 2 = 0): void {
  broker.publish({ topic, payload: Buffer.alloc(size, 'x'), qos, retain: false });
}

const aliases = (packets: unknown[]): [string, number | undefined][] =>
  (packets as PublishPacket[]).map(({ topic, properties }) => [topic, properties?.topicAlias]);

describe('topic aliases from a client', () => {
  it('stand for their topic, may be set anew, and are not passed on', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c');
    expect(client.connack?.properties?.topicAliasMaximum).toBe(32);
    await client.subscribe('#');
    client.publish('a', '1', { properties: { topicAlias: 1 } });
    client.publish('', '2', { properties: { topicAlias: 1 } });
    client.publish('b', '3', { properties: { topicAlias: 1 } });
    client.publish('', '4', { properties: { topicAlias: 1 } });
    expect(aliases(await client.settle())).toEqual([
      ['a', undefined],
      ['a', undefined],
      ['b', undefined],
      ['b', undefined],
    ]);
  });

  it.each([
    ['unknown', 5],
    ['above the maximum', 33],
  ])('%s end the connection (§3.3.2.3.4)', async (_, topicAlias) => {
    const client = await TestClient.connect(startBroker(), 'c');
    client.publish(topicAlias === 5 ? '' : 'a', 'x', { properties: { topicAlias } });
    await client.closed;
    expect(client.inbox.at(-1)).toMatchObject({ type: PacketType.DISCONNECT, reasonCode: 0x94 });
  });

  it('end with their connection [MQTT-3.3.2-7]', async () => {
    const broker = startBroker();
    const session = { clean: false, properties: { sessionExpiryInterval: 100 } };
    const first = await TestClient.connect(broker, 'c', session);
    first.publish('a', '1', { properties: { topicAlias: 1 } });
    await first.settle();
    await first.vanish();
    const second = await TestClient.connect(broker, 'c', session);
    second.publish('', '1', { properties: { topicAlias: 1 } });
    await second.closed;
    expect(second.inbox.at(-1)).toMatchObject({ reasonCode: 0x94 });
  });
});

describe('topic aliases to a client', () => {
  it('are set once and then stand alone, as many as the client allows [MQTT-3.1.2-26], [MQTT-3.3.2-11]', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c', { properties: { topicAliasMaximum: 2 } });
    await client.subscribe('#');
    for (const topic of ['a', 'a', 'b', 'c', 'b', 'c', 'a']) send(broker, topic);
    expect(aliases(await client.settle())).toEqual([
      ['a', 1],
      ['', 1],
      ['b', 2],
      ['c', undefined],
      ['', 2],
      ['c', undefined],
      ['', 1],
    ]);
  });

  it('are not set for a client that allows none [MQTT-3.1.2-27]', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe('#');
    send(broker, 'a');
    expect(aliases(await client.settle())).toEqual([['a', undefined]]);
  });

  it('are not set by a packet that was too large to send', async () => {
    const broker = startBroker();
    const properties = { topicAliasMaximum: 5, maximumPacketSize: 100 };
    const client = await TestClient.connect(broker, 'c', { properties });
    await client.subscribe('#');
    send(broker, 'a', 200);
    send(broker, 'a');
    expect(aliases(await client.settle())).toEqual([['a', 1]]);
  });

  it('are left out of repeated messages', async () => {
    const broker = startBroker();
    const properties = { topicAliasMaximum: 5, sessionExpiryInterval: 100 };
    const first = await TestClient.connect(broker, 'c', { clean: false, properties });
    await first.subscribe('a', { qos: 1 });
    send(broker, 'a', 1, 1);
    send(broker, 'a', 1, 1);
    await first.settle();
    await first.vanish();
    const second = await TestClient.connect(broker, 'c', { clean: false, properties });
    expect(aliases(await second.settle())).toEqual([
      ['a', undefined],
      ['a', undefined],
    ]);
  });
});

describe('maximum packet size', () => {
  it('of a client is kept: what is larger is not sent, and holds nothing up [MQTT-3.1.2-24], [MQTT-3.1.2-25]', async () => {
    const dropped: string[] = [];
    const broker = startBroker({ onMessageDropped: (_, topic, why) => dropped.push(`${topic} ${why}`) });
    const properties = { maximumPacketSize: 100, receiveMaximum: 1 };
    const client = await TestClient.connect(broker, 'c', { properties });
    await client.subscribe('#', { qos: 1 });
    send(broker, 'large/1', 200, 1);
    send(broker, 'large/0', 200, 0);
    send(broker, 'small', 20, 1);
    expect(await client.settle()).toMatchObject([{ topic: 'small', packetId: 2 }]);
    expect(dropped).toEqual(['large/1 too-large']);
  });

  it('of the server is announced and enforced', async () => {
    const broker = startBroker({}, { maxPacketSize: 1000 });
    const client = await TestClient.connect(broker, 'c');
    expect(client.connack?.properties?.maximumPacketSize).toBe(1000);
    client.publish('a', Buffer.alloc(995 - 3), { qos: 0 });
    expect(await client.settle()).toEqual([]);
    client.publish('a', Buffer.alloc(1000));
    await client.closed;
    expect(client.inbox.at(-1)).toMatchObject({ type: PacketType.DISCONNECT, reasonCode: 0x95 });
  });

  it('leaves a reason string out where there is no room for it', async () => {
    const client = await TestClient.connect(startBroker(), 'c', { properties: { maximumPacketSize: 20 } });
    client.write(Buffer.from([0x00, 0x00]));
    await client.closed;
    expect(client.inbox).toMatchObject([
      { type: PacketType.DISCONNECT, reasonCode: 0x81, properties: undefined },
    ]);
  });
});

describe('CONNACK', () => {
  it('carries only what differs from the defaults', async () => {
    const broker = startBroker({}, { receiveMaximum: 65_535, topicAliasMaximum: 0 });
    const client = await TestClient.connect(broker, 'c', {
      keepAlive: 60,
      properties: { sessionExpiryInterval: 5 },
    });
    expect(client.connack?.properties).toEqual({ maximumPacketSize: 1024 * 1024 });
  });

  it('has no properties in 3.1.1', async () => {
    const client = await TestClient.connect(startBroker(), 'c', { version: 4 });
    expect(client.connack).toEqual({ type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0 });
  });
});

describe('messages', () => {
  it('keep their properties, and user properties their order [MQTT-3.3.2-18]', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe('#', { qos: 2 });
    const properties = {
      payloadFormatIndicator: 1,
      contentType: 'text/plain',
      responseTopic: 'answers',
      correlationData: Buffer.from([0, 1, 2]),
      userProperties: [
        ['b', '1'],
        ['a', '2'],
        ['b', '1'],
      ] as [string, string][],
    };
    client.publish('a', 'x', { properties });
    expect((await client.takePublish()).properties).toEqual(properties);
  });

  it('lose them on the way to 3.1.1', async () => {
    const broker = startBroker();
    const old = await TestClient.connect(broker, 'old', { version: 4 });
    await old.subscribe('#');
    const client = await TestClient.connect(broker, 'c');
    client.publish('a', 'x', { properties: { contentType: 'text/plain' } });
    expect((await old.takePublish()).properties).toBeUndefined();
  });

  it('that nobody waited for still show the time left', async () => {
    const clock = new TestClock();
    const broker = startBroker({}, {}, { now: clock.now });
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe('#');
    client.publish('a', 'x', { properties: { messageExpiryInterval: 30 } });
    expect((await client.takePublish()).properties).toEqual({ messageExpiryInterval: 30 });
  });

  it('from 3.1.1 to 5.0 and back, at each QoS', async () => {
    const broker = startBroker();
    const old = await TestClient.connect(broker, 'old', { version: 4 });
    const five = await TestClient.connect(broker, 'five');
    await old.subscribe('#', { qos: 2 });
    await five.subscribe('#', { qos: 2 });
    for (const qos of [0, 1, 2] as const) send(broker, `at/${qos}`, 1, qos);
    for (const client of [old, five])
      expect(await client.settle()).toMatchObject([{ qos: 0 }, { qos: 1 }, { qos: 2 }]);
  });
});
