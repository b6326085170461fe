import type { MqttBroker, MqttBrokerOptions } from '@carillon/mqtt-broker';
import { startBroker, type TestCluster, tick } from '@carillon/mqtt-broker/testing';
import { createRedis, type RedisClient } from '@carillon/redis';
import type { TestStore } from '@carillon/testing';
import { type ClusterContext, clusterStores, type ClusterStores } from '@carillon/transports';
import { until } from './until.js';

interface Member {
  readonly stores: ClusterStores;
  readonly connections: RedisClient[];
}

/** MQTT brokers in this process that share what they have through Redis, each over connections of its own. */
export class RedisBrokers implements TestCluster {
  private readonly members = new Map<string, Member>();
  private readonly live = new Set<string>();

  constructor(
    private readonly test: TestStore,
    private readonly urls: readonly string[],
  ) {}

  async broker(
    id: string,
    { hooks, limits, ...more }: Omit<Partial<MqttBrokerOptions>, 'cluster'> = {},
  ): Promise<MqttBroker> {
    const connections: RedisClient[] = [];
    const connect = (): RedisClient => {
      connections.push(createRedis({ urls: this.urls, blocking: true }));
      return connections.at(-1)!;
    };
    const stores = clusterStores(this.context(id, connect));
    this.live.add(id);
    this.members.set(id, { stores, connections });
    const broker = startBroker(hooks, limits, { ...more, cluster: stores });
    await until(`broker ${id} starts`, () => stores.sessions.started);
    return broker;
  }

  /** Its connections are gone and stay so. */
  kill(id: string): Promise<void> {
    this.live.delete(id);
    for (const connection of this.members.get(id)!.connections) connection.disconnect();
    return Promise.resolve();
  }

  /** The others take it for dead from now on, and it is not. */
  presumeDead(id: string): void {
    this.live.delete(id);
  }

  inherit(_dead: string, heir: string): Promise<void> {
    return this.members.get(heir)!.stores.sessions.inherit();
  }

  async settle(): Promise<void> {
    await tick(3);
    const { client, keys } = this.test.store;
    const living = [...this.live].map((id) => this.members.get(id)!.stores);
    await Promise.all(living.map(({ sessions }) => sessions.flushed()));
    await new Promise((resolve) => setTimeout(resolve, 15));
    const [[last] = ['0-0']] = await client.xrevrange(keys.mqttLog(), '+', '-', 'COUNT', 1);
    await until('everybody has read the log', () => living.every(({ log }) => log.hasRead(last)));
    await tick(3);
  }

  async knows(clientId: string): Promise<boolean> {
    const { client, keys } = this.test.store;
    const partition = this.test.store.partitionOf(clientId);
    return (
      (await client.exists(keys.mqttSession(partition, clientId), keys.mqttMessages(partition, clientId))) > 0
    );
  }

  /** Brokers have been stopped; what was killed is cleared away. */
  stop(): Promise<void> {
    for (const { connections } of this.members.values()) {
      for (const connection of connections) if (connection.status !== 'end') connection.disconnect();
    }
    return this.test.close();
  }

  private context(brokerId: string, connect: () => RedisClient): ClusterContext {
    return {
      brokerId,
      client: connect(),
      keys: this.test.store.keys,
      connect,
      liveBrokers: () => Promise.resolve(this.live),
      supervise: (_what, work) => void work.catch(() => undefined),
      logger: { info: () => undefined, warn: () => undefined },
    };
  }
}
