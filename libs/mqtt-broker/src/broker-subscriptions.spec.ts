import type { MqttBroker } from './broker.js';
import { PacketType, type PublishPacket, type SubscriptionRequest } from './codec/packets.js';
import { startBroker, stopBrokers } from './testing/test-broker.js';
import { TestClient, tick } from './testing/test-client.js';

afterEach(stopBrokers);

const lasting = { clean: false, properties: { sessionExpiryInterval: 1000 } };

function send(broker: MqttBroker, topic: string, qos: 0 | 1 | 2 = 0): void {
  broker.publish({ topic, payload: Buffer.from(topic), qos, retain: false });
}

describe('topic filters', () => {
  // filter, topic, whether it matches (MQTT 5.0 §4.7)
  const table: [string, string, boolean][] = [
    ['a', 'a', true],
    ['a', 'A', false],
    ['a', '/a', false],
    ['/a', '/a', true],
    ['a/', 'a', false],
    ['a/', 'a/', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/ranking', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
    ['sport/#', 'sport', true],
    ['#', 'a', true],
    ['#', '/a/b', true],
    ['#', '$SYS/a', false],
    ['+', 'a', true],
    ['+', '/a', false],
    ['+', '$x', false],
    ['+/+', '/a', true],
    ['/+', '/a', true],
    ['sport/tennis/+', 'sport/tennis/player1', true],
    ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
    ['sport/+', 'sport', false],
    ['sport/+', 'sport/', true],
    ['+/monitor/Clients', '$SYS/monitor/Clients', false],
    ['$SYS/#', '$SYS/a', true],
    ['$SYS/monitor/+', '$SYS/monitor/Clients', true],
    ['+/a/#', 'b/a', true],
    ['+/a/#', 'b/a/c/d', true],
    ['+/a/#', 'b/c', false],
    ['a/+/c', 'a//c', true],
    ['räume/+', 'räume/küche', true],
    ['a b/+', 'a b/c', true],
  ];

  it.each(table)('%s and %s: %s', async (filter, topic, matches) => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c');
    expect((await client.subscribe(filter)).reasonCodes).toEqual([0]);
    send(broker, topic);
    expect(await client.settle()).toHaveLength(matches ? 1 : 0);
    expect(broker.client('c')?.subscriptionFor(topic) !== undefined).toBe(matches);
  });

  it.each([
    'a#',
    'a/#/b',
    '#/a',
    'a+',
    '+a/b',
    'a/b+/c',
    '##',
    '$share/g',
    '$share//a',
    '$share/a+/b',
    '$share/#/a',
    '$share/g/',
  ])('refuses %s', async (filter) => {
    const broker = startBroker();
    const five = await TestClient.connect(broker, 'five');
    expect((await five.subscribe(filter)).reasonCodes).toEqual([0x8f]);
    const four = await TestClient.connect(broker, 'four', { version: 4 });
    expect((await four.subscribe(filter)).reasonCodes).toEqual([0x80]);
  });

  it('refuses filters that are too long', async () => {
    const client = await TestClient.connect(startBroker(), 'c');
    expect((await client.subscribe('x'.repeat(1025))).reasonCodes).toEqual([0x8f]);
    expect((await client.subscribe('x'.repeat(1024))).reasonCodes).toEqual([0]);
  });

  it('refuses filters and topics with too many levels', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c');
    expect((await client.subscribe('/'.repeat(128))).reasonCodes).toEqual([0x8f]);
    expect(() => send(broker, '/'.repeat(128))).toThrow(TypeError);
    client.publish('/'.repeat(128), 'x');
    await client.closed;
    expect(client.inbox.at(-1)).toMatchObject({ type: PacketType.DISCONNECT, reasonCode: 0x90 });
  });

  it.each(['', 'a/+', '#', 'a\0b', 'x'.repeat(65_536)])('does not publish to %j', (topic) => {
    expect(() => send(startBroker(), topic)).toThrow(TypeError);
  });
});

describe('subscriptions', () => {
  it('answers each filter in order [MQTT-3.9.3-1]', async () => {
    const client = await TestClient.connect(startBroker(), 'c');
    const plain = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    const requests: [string, 0 | 1 | 2][] = [
      ['a', 2],
      ['b#', 1],
      ['c', 0],
      ['d', 1],
    ];
    const subscriptions: SubscriptionRequest[] = requests.map(([filter, qos]) => ({ filter, qos, ...plain }));
    client.send({ type: PacketType.SUBSCRIBE, packetId: 77, subscriptions });
    expect(await client.take(PacketType.SUBACK)).toMatchObject({
      packetId: 77,
      reasonCodes: [2, 0x8f, 0, 1],
    });
  });

  it('replaces a subscription to the same filter [MQTT-3.8.4-3]', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe('a', { qos: 0 });
    await client.subscribe('a', { qos: 2 });
    send(broker, 'a', 2);
    expect(await client.settle()).toMatchObject([{ qos: 2 }]);
    expect(broker.client('c')?.subscriptions).toHaveLength(1);
  });

  it.each([
    [0, 2, 0],
    [1, 2, 1],
    [2, 1, 1],
    [2, 2, 2],
    [2, 0, 0],
  ] as const)(
    'a subscription at QoS %i brings QoS %i at %i [MQTT-3.8.4-8]',
    async (granted, published, arrives) => {
      const broker = startBroker();
      const client = await TestClient.connect(broker, 'c');
      await client.subscribe('a', { qos: granted });
      send(broker, 'a', published);
      expect(await client.settle()).toMatchObject([{ qos: arrives }]);
    },
  );

  it('ends with UNSUBSCRIBE [MQTT-3.10.4-1]', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe('a');
    await client.subscribe('b/+');
    client.send({ type: PacketType.UNSUBSCRIBE, packetId: 5, filters: ['a', 'none', 'b/+'] });
    expect(await client.take(PacketType.UNSUBACK)).toMatchObject({ packetId: 5, reasonCodes: [0, 0x11, 0] });
    send(broker, 'a');
    send(broker, 'b/c');
    expect(await client.settle()).toEqual([]);
  });

  it('still repeats what was on its way at QoS 1 when the subscription ended [MQTT-3.10.4-3]', async () => {
    const broker = startBroker();
    const first = await TestClient.connect(broker, 'c', lasting);
    await first.subscribe('a', { qos: 1 });
    send(broker, 'a', 1);
    await first.takePublish();
    first.send({ type: PacketType.UNSUBSCRIBE, packetId: 5, filters: ['a'] });
    await first.take(PacketType.UNSUBACK);
    await first.vanish();
    const second = await TestClient.connect(broker, 'c', lasting);
    expect(await second.settle()).toMatchObject([{ topic: 'a', dup: true }]);
  });

  it('are bounded for each client', async () => {
    const client = await TestClient.connect(startBroker({}, { maxSubscriptionsPerClient: 2 }), 'c');
    await client.subscribe('a');
    await client.subscribe('b');
    expect((await client.subscribe('c')).reasonCodes).toEqual([0x97]);
    expect((await client.subscribe('a', { qos: 1 })).reasonCodes).toEqual([1]);
  });

  it('overlap in one copy at the highest QoS [MQTT-3.3.4-2]', async () => {
    const broker = startBroker();
    for (const version of [3, 4, 5] as const) {
      const client = await TestClient.connect(broker, `c${version}`, { version });
      await client.subscribe('a/#', { qos: 0 });
      await client.subscribe('a/+', { qos: 2 });
      await client.subscribe('a/b', { qos: 1 });
      send(broker, 'a/b', 2);
      expect(await client.settle()).toMatchObject([{ topic: 'a/b', qos: 2 }]);
      await client.leave();
    }
  });

  it('send all their identifiers along [MQTT-3.3.4-3], [MQTT-3.3.4-4]', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe('a/#', {}, { subscriptionIdentifiers: [7] });
    await client.subscribe('a/b', {}, { subscriptionIdentifiers: [268_435_455] });
    await client.subscribe('a/+');
    send(broker, 'a/b');
    send(broker, 'a/c');
    const packets = (await client.settle()) as PublishPacket[];
    const identifiers = packets.map(({ properties }) =>
      properties?.subscriptionIdentifiers?.toSorted((a, b) => a - b),
    );
    expect(identifiers).toEqual([[7, 268_435_455], [7]]);
  });

  it('lose their identifier when repeated without one', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe('a', {}, { subscriptionIdentifiers: [7] });
    await client.subscribe('a');
    send(broker, 'a');
    expect((await client.takePublish()).properties).toBeUndefined();
  });

  it('with no-local do not bring a client its own [MQTT-3.8.3-3]', async () => {
    const broker = startBroker();
    const one = await TestClient.connect(broker, 'one');
    const two = await TestClient.connect(broker, 'two');
    for (const client of [one, two]) await client.subscribe('a', { noLocal: true });
    one.publish('a', 'x');
    expect(await one.settle()).toEqual([]);
    expect(await two.settle()).toHaveLength(1);
  });

  it('with no-local still bring it through another that overlaps', async () => {
    const broker = startBroker();
    const one = await TestClient.connect(broker, 'one');
    await one.subscribe('a/+', { noLocal: true, qos: 2 }, { subscriptionIdentifiers: [1] });
    await one.subscribe('a/#', { qos: 1 }, { subscriptionIdentifiers: [2] });
    one.publish('a/b', 'x', { qos: 2, packetId: 1 });
    await one.take(PacketType.PUBREC);
    expect(await one.takePublish()).toMatchObject({ qos: 1, properties: { subscriptionIdentifiers: [2] } });
    broker.publish({ topic: 'a/b', payload: Buffer.from('y'), qos: 2, retain: false });
    expect(await one.takePublish()).toMatchObject({ qos: 2 });
  });

  it('can be added by the server', async () => {
    const broker = startBroker({}, { maxSubscriptionsPerClient: 1 });
    const client = await TestClient.connect(broker, 'c');
    const handle = broker.client('c')!;
    expect(handle.addSubscription('a#', 1)).toBe(false);
    expect(handle.addSubscription('a', 1)).toBe(true);
    expect(handle.addSubscription('b', 1)).toBe(false);
    expect(handle.subscriptionFor('a')?.qos).toBe(1);
    send(broker, 'a', 2);
    expect(await client.settle()).toMatchObject([{ qos: 1 }]);
  });
});

describe('shared subscriptions', () => {
  async function members(broker: MqttBroker, filter: string, count: number): Promise<TestClient[]> {
    const clients: TestClient[] = [];
    for (let i = 0; i < count; i++) {
      const client = await TestClient.connect(broker, `member${i}`, lasting);
      await client.subscribe(filter, { qos: 1 });
      clients.push(client);
    }
    return clients;
  }

  it('bring each message to one member, in turn', async () => {
    const broker = startBroker();
    const clients = await members(broker, '$share/g/a/+', 3);
    for (let i = 0; i < 9; i++) send(broker, 'a/b', 1);
    expect(await Promise.all(clients.map(async (client) => (await client.settle()).length))).toEqual([
      3, 3, 3,
    ]);
  });

  it('count apart from one another and from plain subscriptions', async () => {
    const broker = startBroker();
    const [one] = await members(broker, '$share/g/a', 1);
    await one!.subscribe('$share/h/a');
    await one!.subscribe('a');
    send(broker, 'a');
    expect(await one!.settle()).toHaveLength(3);
  });

  it('pass over members that are away or have no room', async () => {
    const broker = startBroker();
    const [one, two, three] = await members(broker, '$share/g/a', 3);
    await one!.vanish();
    await two!.vanish();
    for (let i = 0; i < 4; i++) send(broker, 'a', 1);
    expect(await three!.settle()).toHaveLength(4);
  });

  it('wait with a member that is away when all are', async () => {
    const broker = startBroker();
    for (const client of await members(broker, '$share/g/a', 2)) await client.vanish();
    send(broker, 'a', 1);
    const back = await Promise.all([0, 1].map((i) => TestClient.connect(broker, `member${i}`, lasting)));
    await tick();
    const counts = await Promise.all(back.map(async (client) => (await client.settle()).length));
    expect(counts.toSorted((a, b) => a - b)).toEqual([0, 1]);
  });

  it('end for a member alone', async () => {
    const broker = startBroker();
    const [one, two] = await members(broker, '$share/g/a', 2);
    one!.send({ type: PacketType.UNSUBSCRIBE, packetId: 9, filters: ['$share/g/a'] });
    await one!.take(PacketType.UNSUBACK);
    for (let i = 0; i < 3; i++) send(broker, 'a');
    expect(await one!.settle()).toEqual([]);
    expect(await two!.settle()).toHaveLength(3);
  });
});
