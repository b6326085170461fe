import { PacketType, type Packet } from './codec/packets.js';
import { TokenBucket } from './connection/token-bucket.js';
import type { BrokerLimits } from './limits.js';
import { startBroker, stopBrokers, TestClock } from './testing/test-broker.js';
import { TestClient } from './testing/test-client.js';

afterEach(stopBrokers);

const { PUBACK, PUBLISH } = PacketType;

function limited(limits: Partial<BrokerLimits>) {
  const clock = new TestClock();
  return { clock, broker: startBroker({}, limits, { now: clock.now }) };
}

const payloads = (packets: Packet[]): string[] =>
  packets.flatMap((packet) => (packet.type === PUBLISH ? [packet.payload.toString()] : []));
const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `${from + i}`);

/** What has come when it is so many, or when nothing more comes. */
async function received(reader: TestClient, count: number): Promise<string[]> {
  for (let i = 0; i < 500 && payloads(reader.inbox).length < count; i++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  return payloads(reader.inbox);
}

it('lets a client send so many messages a second: what is more waits, and nothing is lost', async () => {
  const { clock, broker } = limited({ maxMessagesPerSecond: 5 });
  const reader = await TestClient.connect(broker, 'r');
  await reader.subscribe('a');
  const writer = await TestClient.connect(broker, 'w');
  for (const number of numbers(0, 16)) writer.publish('a', number);
  await clock.advance(0);
  // A second's worth, and the one that went too far.
  expect(await received(reader, 6)).toEqual(numbers(0, 6));
  expect(broker.statistics.traffic).toMatchObject({ throttledConnections: 1, throttles: 1 });
  for (const upTo of [11, 16]) {
    await clock.advance(1);
    expect(await received(reader, upTo)).toEqual(numbers(0, upTo));
  }
  await clock.advance(5);
  expect(broker.statistics.traffic.throttledConnections).toBe(0);
});

it('lets a client send so many bytes a second, whatever the size of its messages', async () => {
  const { clock, broker } = limited({ maxBytesPerSecond: 1_000 });
  const reader = await TestClient.connect(broker, 'r');
  await reader.subscribe('a');
  const writer = await TestClient.connect(broker, 'w');
  writer.publish('a', Buffer.alloc(5_000));
  writer.publish('a', 'after');
  expect(await reader.settle()).toEqual([]);
  await clock.advance(3.5);
  expect(await reader.settle()).toEqual([]);
  await clock.advance(1);
  expect(payloads(await reader.settle())).toEqual([expect.stringMatching(/^\0{5000}$/), 'after']);
});

it('slows nobody else down', async () => {
  const { broker } = limited({ maxMessagesPerSecond: 2 });
  const greedy = await TestClient.connect(broker, 'g');
  for (const number of numbers(0, 20)) greedy.publish('a', number);
  const modest = await TestClient.connect(broker, 'm');
  await modest.subscribe('b');
  modest.publish('b', 'x');
  expect((await modest.takePublish()).payload.toString()).toBe('x');
});

it('does not count acknowledgements', async () => {
  const { broker } = limited({ maxMessagesPerSecond: 3 });
  const reader = await TestClient.connect(broker, 'r');
  await reader.subscribe('a', { qos: 1 });
  for (let i = 0; i < 20; i++) {
    broker.publish({ topic: 'a', payload: Buffer.from(`${i}`), qos: 1, retain: false });
    reader.acknowledge(PUBACK, (await reader.takePublish()).packetId);
  }
  await reader.settle();
  expect(broker.statistics.traffic.throttles).toBe(0);
});

it('takes a client that it does not read for alive', async () => {
  const { clock, broker } = limited({ maxBytesPerSecond: 100 });
  const client = await TestClient.connect(broker, 'c', { keepAlive: 2 });
  client.publish('a', Buffer.alloc(1_200));
  for (let i = 0; i < 5; i++) await clock.advance(2);
  expect(broker.client('c')).toBeDefined();
  client.publish('a', 'x');
  await clock.advance(2);
  expect(broker.statistics.traffic).toMatchObject({ publishReceived: 2, throttledConnections: 0 });
  await clock.advance(2);
  await clock.advance(2);
  expect(broker.client('c')).toBeUndefined();
});

it('forgets a connection that ends while it waits', async () => {
  const { clock, broker } = limited({ maxMessagesPerSecond: 1 });
  const client = await TestClient.connect(broker, 'c');
  for (const number of numbers(0, 9)) client.publish('a', number);
  await clock.advance(0.1);
  expect(broker.statistics.traffic.throttledConnections).toBe(1);
  broker.disconnect('c', 'administrative-action');
  await client.closed;
  expect(broker.statistics.traffic.throttledConnections).toBe(0);
  await clock.advance(20);
  expect(broker.connectionCount).toBe(0);
});

it('is off unless it is asked for', async () => {
  const { broker } = limited({});
  const client = await TestClient.connect(broker, 'c');
  for (const number of numbers(0, 1_000)) client.publish('a', number);
  await client.settle();
  expect(broker.statistics.traffic).toMatchObject({ publishReceived: 1_000, throttles: 0 });
});

it('a token bucket fills up to a second’s worth, and makes up for what was overdrawn', () => {
  const bucket = new TokenBucket(10, 0);
  expect(bucket.spend(10, 0)).toBe(0);
  expect(bucket.spend(5, 0)).toBe(500);
  expect(bucket.wait(400)).toBe(100);
  expect(bucket.wait(500)).toBe(0);
  expect(bucket.spend(11, 60_000)).toBe(100);
});
