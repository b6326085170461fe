import type { MqttBroker } from './broker.js';
import { PacketType, type PublishPacket, type QoS } from './codec/packets.js';
import { startBroker, stopBrokers, TestClock } from './testing/test-broker.js';
import { TestClient } from './testing/test-client.js';

afterEach(stopBrokers);

const SHARE = '$share/g/a';
const narrow = { receiveMaximum: 2 };
const lasting = { clean: false, properties: { sessionExpiryInterval: 60, ...narrow } } as const;

async function member(broker: MqttBroker, id: string, options: object, qos: QoS = 1): Promise<TestClient> {
  const client = await TestClient.connect(broker, id, options);
  await client.subscribe(SHARE, { qos });
  return client;
}

function sendAll(broker: MqttBroker, texts: string[], qos: QoS = 1, properties?: object): void {
  for (const text of texts)
    broker.publish({
      topic: 'a',
      payload: Buffer.from(text),
      qos,
      retain: false,
      ...(properties && { properties }),
    });
}

const publications = async (client: TestClient): Promise<PublishPacket[]> =>
  (await client.settle()).filter((packet): packet is PublishPacket => packet.type === PacketType.PUBLISH);
const texts = (packets: PublishPacket[]): string[] => packets.map(({ payload }) => payload.toString());

describe('what a member of a shared subscription has not completed (5.0 §4.8.2)', () => {
  it.each([
    [
      'runs out',
      async (_: MqttBroker, one: TestClient, clock: TestClock) => (await one.vanish(), clock.advance(61)),
    ],
    [
      'is not wanted any more',
      (broker: MqttBroker, one: TestClient) =>
        one.vanish().then(() => TestClient.connect(broker, 'one', { clean: true })),
    ],
    [
      'is taken over by one that begins anew',
      (broker: MqttBroker) => TestClient.connect(broker, 'one', { clean: true }),
    ],
  ])('goes to another member when its session %s, in order, as something new', async (_, end) => {
    const clock = new TestClock();
    const broker = startBroker({}, {}, { now: clock.now });
    const one = await member(broker, 'one', lasting);
    sendAll(broker, ['1', '2', '3', '4']);
    expect(texts(await publications(one))).toEqual(['1', '2']);
    const two = await member(broker, 'two', {});
    await end(broker, one, clock);
    const arrived = await publications(two);
    expect(texts(arrived)).toEqual(['1', '2', '3', '4']);
    expect(arrived).toMatchObject([1, 2, 3, 4].map((packetId) => ({ packetId, dup: false, qos: 1 })));
    expect(broker.statistics.queuedMessages).toBe(0);
  });

  it('stays with it while its session waits', async () => {
    const broker = startBroker();
    const one = await member(broker, 'one', lasting);
    sendAll(broker, ['1', '2', '3']);
    const two = await member(broker, 'two', {});
    await one.vanish();
    expect(await publications(two)).toEqual([]);
    const back = await TestClient.connect(broker, 'one', {
      ...lasting,
      properties: { sessionExpiryInterval: 60 },
    });
    expect(texts(await publications(back))).toEqual(['1', '2', '3']);
  });

  it('goes along with it if it was begun at QoS 2, acknowledged, expired, or of another subscription', async () => {
    const clock = new TestClock();
    const broker = startBroker({}, {}, { now: clock.now });
    const one = await member(broker, 'one', { properties: narrow }, 2);
    await one.subscribe('own', { qos: 1 });
    sendAll(broker, ['begun'], 2);
    sendAll(broker, ['acknowledged']);
    const [, second] = await publications(one);
    one.acknowledge(PacketType.PUBACK, second!.packetId);
    sendAll(broker, ['on its way']);
    broker.publish({ topic: 'own', payload: Buffer.from('own'), qos: 1, retain: false });
    sendAll(broker, ['waited'], 2);
    sendAll(broker, ['expired'], 2, { messageExpiryInterval: 5 });
    const two = await member(broker, 'two', {}, 2);
    await clock.advance(6);
    await one.vanish();
    expect(texts(await publications(two))).toEqual(['on its way', 'waited']);
  });

  it('is kept by another member that is away, and gone where there is none', async () => {
    const broker = startBroker();
    const one = await member(broker, 'one', { properties: narrow });
    sendAll(broker, ['1', '2', '3']);
    const two = await member(broker, 'two', lasting);
    await two.vanish();
    await one.vanish();
    expect(broker.statistics.queuedMessages).toBe(3);
    const back = await TestClient.connect(broker, 'two', { clean: false });
    expect(texts(await publications(back))).toEqual(['1', '2', '3']);
    await back.vanish();
    expect(broker.statistics).toMatchObject({ sessions: 0, queuedMessages: 0, queuedBytes: 0 });
  });
});
