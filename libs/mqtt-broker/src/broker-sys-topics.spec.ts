import { PacketType, type Packet } from './codec/packets.js';
import { LoadAverage } from './statistics/load-average.js';
import { startBroker, stopBrokers, TestClock } from './testing/test-broker.js';
import { TestClient } from './testing/test-client.js';

afterEach(stopBrokers);

const { PUBLISH, PUBACK, PUBREC } = PacketType;

const valuesOf = (packets: Packet[]): Map<string, string> =>
  new Map(
    packets.flatMap((packet) =>
      packet.type === PUBLISH ? [[packet.topic.replace('$SYS/broker/', ''), packet.payload.toString()]] : [],
    ),
  );

/** What mosquitto 2.0.11 publishes below `$SYS/broker/`. */
const loads = [
  'bytes/received',
  'bytes/sent',
  'connections',
  'messages/received',
  'messages/sent',
  'publish/dropped',
  'publish/received',
  'publish/sent',
  'sockets',
];
const mosquitto = [
  ...loads.flatMap((name) => ['1min', '5min', '15min'].map((span) => `load/${name}/${span}`)),
  ...['active', 'connected', 'disconnected', 'expired', 'inactive', 'maximum', 'total'].map(
    (name) => `clients/${name}`,
  ),
  'bytes/received',
  'bytes/sent',
  'heap/current',
  'heap/maximum',
  'messages/received',
  'messages/sent',
  'messages/stored',
  'publish/bytes/received',
  'publish/bytes/sent',
  'publish/messages/dropped',
  'publish/messages/received',
  'publish/messages/sent',
  'retained messages/count',
  'shared_subscriptions/count',
  'store/messages/bytes',
  'store/messages/count',
  'subscriptions/count',
  'uptime',
  'version',
];

describe('$SYS topics', () => {
  it('say what the broker knows of itself, under the names of mosquitto', async () => {
    const clock = new TestClock();
    const broker = startBroker({}, {}, { now: clock.now, sysIntervalMs: 10_000, version: 'carillon 1' });
    const lasting = { clean: false, properties: { sessionExpiryInterval: 1000 } };
    const away = await TestClient.connect(broker, 'away', lasting);
    await away.subscribe('kept', { qos: 1 });
    await away.subscribe('$share/g/elsewhere');
    await away.leave();
    await (await TestClient.connect(broker, 'gone', { properties: { sessionExpiryInterval: 1 } })).leave();
    const client = await TestClient.connect(broker, 'c');
    client.publish('kept', '12345', { retain: true, qos: 1, packetId: 1 });
    await client.take(PUBACK);
    await clock.advance(10);
    await client.subscribe('$SYS/#');
    const packets = await client.settle();
    const values = valuesOf(packets);
    expect(packets.every((packet) => packet.type === PUBLISH && packet.retain && packet.qos === 0)).toBe(
      true,
    );
    expect(Object.fromEntries(values)).toMatchObject({
      version: 'carillon 1',
      uptime: '10 seconds',
      'clients/connected': '1',
      'clients/active': '1',
      'clients/disconnected': '1',
      'clients/inactive': '1',
      'clients/expired': '1',
      'clients/total': '2',
      'clients/maximum': '1',
      'messages/received': '8',
      'messages/sent': '6',
      'publish/messages/received': '1',
      'publish/messages/sent': '0',
      'publish/messages/dropped': '0',
      'publish/bytes/received': '5',
      'publish/bytes/sent': '0',
      'subscriptions/count': '1',
      'shared_subscriptions/count': '1',
      'load/publish/received/1min': '0.92',
      'load/connections/15min': '0.20',
    });
    // All that is retained, and what waits in the queue.
    const stored = `${Number(values.get('retained messages/count')) + 1}`;
    expect([values.get('store/messages/count'), values.get('messages/stored')]).toEqual([stored, stored]);
    for (const name of [
      'bytes/received',
      'bytes/sent',
      'heap/current',
      'heap/maximum',
      'retained messages/count',
    ]) {
      expect(Number(values.get(name))).toBeGreaterThan(0);
    }
    expect([...values.keys()].sort()).toEqual(mosquitto.sort());
  });

  it('come again at each interval, as far as they changed, to those who asked for them', async () => {
    const clock = new TestClock();
    const broker = startBroker({}, {}, { now: clock.now, sysIntervalMs: 5_000 });
    const all = await TestClient.connect(broker, 'all');
    await all.subscribe('#');
    expect(await all.settle()).toEqual([]);
    const asking = await TestClient.connect(broker, 'asking');
    await asking.subscribe('$SYS/broker/+', { retainHandling: 2 });
    await clock.advance(5);
    expect(Object.fromEntries(valuesOf(await asking.settle()))).toEqual({ uptime: '5 seconds' });
    await clock.advance(5);
    expect(Object.fromEntries(valuesOf(await asking.settle()))).toEqual({ uptime: '10 seconds' });
    expect(await all.settle()).toEqual([]);
  });

  it('are off unless an interval is given', async () => {
    const client = await TestClient.connect(startBroker(), 'c');
    await client.subscribe('$SYS/#');
    expect(await client.settle()).toEqual([]);
  });

  it.each(['$SYS', '$SYS/broker/version', '$SYS/mine'])(
    'no client publishes to %s, not even as a will',
    async (topic) => {
      const broker = startBroker({ authorizePublish: () => true });
      const client = await TestClient.connect(broker, 'c');
      await client.subscribe('$SYS/#');
      client.publish(topic, 'x', { retain: true });
      client.publish(topic, 'x', { qos: 1, packetId: 1 });
      client.publish(topic, 'x', { qos: 2, packetId: 2 });
      expect(await client.settle()).toMatchObject([
        { type: PUBACK, reasonCode: 0x87 },
        { type: PUBREC, reasonCode: 0x87 },
      ]);
      expect(broker.statistics.retainedMessages).toBe(0);
      const will = { topic, payload: Buffer.from('x'), qos: 0 as const, retain: false };
      expect((await new TestClient(broker).open('d', { will })).reasonCode).toBe(0x87);
    },
  );

  it('leave topics that only begin alike alone', async () => {
    const client = await TestClient.connect(startBroker(), 'c');
    await client.subscribe('$SYSTEM/+');
    client.publish('$SYSTEM/a', 'x');
    expect(await client.settle()).toHaveLength(1);
  });
});

describe('statistics of traffic', () => {
  it('count what comes, goes and is dropped', async () => {
    const broker = startBroker({}, { maxQueuedMessages: 1, maxInflight: 1 });
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe('a', { qos: 1 });
    for (const text of ['one', 'two', 'six']) client.publish('a', text, { qos: 1, packetId: 1 });
    await client.settle();
    const { traffic } = broker.statistics;
    expect(traffic).toMatchObject({
      publishReceived: 3,
      publishBytesReceived: 9,
      publishSent: 1,
      publishBytesSent: 3,
      publishDropped: 1,
      messagesReceived: 6,
      messagesSent: 7,
      clientsConnected: 1,
    });
    await client.leave();
    expect(broker.statistics.traffic).toMatchObject({ clientsConnected: 0, clientsMaximum: 1 });
  });
});

describe('a load average', () => {
  it('nears the rate, the sooner the shorter its span', () => {
    const load = new LoadAverage();
    for (let minute = 1; minute <= 5; minute++) load.sample(minute * 100, 60_000);
    const [one, five, fifteen] = load.values.map(Math.round);
    expect([one, five, fifteen]).toEqual([99, 63, 28]);
    load.sample(500, 0);
    expect(load.values.map(Math.round)).toEqual([99, 63, 28]);
  });
});
