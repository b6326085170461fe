import { describeCluster } from '@carillon/mqtt-broker/testing';
import { testRedisUrl, testStore } from '@carillon/testing';
import { RedisBrokers } from '../support/redis-brokers.js';
import { RedisCluster } from '../support/redis-cluster.js';

const brokersOn = (urls: readonly string[]) => Promise.resolve(new RedisBrokers(testStore(4, 2, urls), urls));

describeCluster('MQTT brokers that share sessions and publications through Redis', () =>
  brokersOn([testRedisUrl()]),
);

describe('with three nodes', () => {
  let nodes: RedisCluster;
  beforeAll(async () => {
    nodes = await RedisCluster.start();
  }, 60_000);
  afterAll(() => nodes.stop());

  describeCluster('MQTT brokers that share them through a Redis Cluster', () => brokersOn(nodes.urls));
});
