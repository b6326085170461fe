import { describeCluster, stopBrokers, TestClient } from '@carillon/mqtt-broker/testing';
import { testRedisUrl, testStore } from '@carillon/testing';
import { RedisBrokers } from '../support/redis-brokers.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { until } from '../support/until.js';

const brokersOn = (urls: readonly string[]) => Promise.resolve(new RedisBrokers(testStore(4, 2, urls), urls));

describeCluster('MQTT brokers that share sessions and publications through Redis', () =>
  brokersOn([testRedisUrl()]),
);

it('a broker that others took for dead ends the connection of a client that went to them [MQTT-3.1.4-3]', async () => {
  const brokers = await brokersOn([testRedisUrl()]);
  const [mistaken, other] = [await brokers.broker('mistaken'), await brokers.broker('other')];
  const before = await TestClient.connect(mistaken, 'c');
  await brokers.settle();
  brokers.presumeDead('mistaken');
  await TestClient.connect(other, 'c');
  await until('the end of the connection', () => before.isClosed);
  expect(before.inbox.at(-1)).toMatchObject({ reasonCode: 0x8e });
  await stopBrokers();
  await brokers.stop();
});

it('a session that ends with its connection leaves no more than its claim, which goes with it', async () => {
  const test = testStore();
  const { client, keys } = test.store;
  const brokers = new RedisBrokers(test, [testRedisUrl()]);
  const broker = await brokers.broker('a');
  const kept = (id: string) => client.hkeys(keys.mqttSession(test.store.partitionOf(id), id));
  const plain = await TestClient.connect(broker, 'plain');
  await TestClient.connect(broker, 'willing', {
    will: { topic: 't', payload: Buffer.from('w'), qos: 0, retain: false },
  });
  await brokers.settle();
  expect((await kept('plain')).toSorted()).toEqual(['broker', 'epoch']);
  expect(await kept('willing')).toContain('will');
  plain.stream.destroy();
  await until('the end of the session', async () => (await kept('plain')).length === 0);
  await stopBrokers();
  await brokers.stop();
});

describe('with three nodes', () => {
  let nodes: RedisCluster;
  beforeAll(async () => {
    nodes = await RedisCluster.start();
  }, 60_000);
  afterAll(() => nodes.stop());

  describeCluster('MQTT brokers that share them through a Redis Cluster', () => brokersOn(nodes.urls));
});
