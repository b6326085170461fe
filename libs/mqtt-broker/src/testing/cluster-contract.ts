import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { MqttBroker } from '../broker.js';
import type { MqttBrokerOptions } from '../broker-options.js';
import { PacketType, type Will } from '../codec/packets.js';
import { ReasonCode } from '../reason-codes.js';
import { describeSharedSubscriptions } from './shared-subscription-contract.js';
import { stopBrokers } from './test-broker.js';
import { arrived, persistent, publishAcknowledged } from './contract-clients.js';
import { TestClient, tick } from './test-client.js';

/** Brokers that share an implementation of the two ports. */
export interface TestCluster {
  /** One more broker, started. */
  broker(id: string, options?: Omit<Partial<MqttBrokerOptions>, 'cluster'>): Promise<MqttBroker>;
  /** The broker reads and writes nothing more, as if its process were killed. */
  kill(id: string): Promise<void>;
  /** A living broker finds out, and takes over what a dead one left. */
  inherit(dead: string, heir: string): Promise<void>;
  /** Until every living broker has read everything that was appended so far. */
  settle(): Promise<void>;
  /** Whether anything is kept of a client's session. */
  knows(clientId: string): Promise<boolean>;
  stop(): Promise<void>;
}

/** What brokers owe their clients when they share sessions and publications, over whichever implementation. */
export function describeCluster(name: string, create: () => Promise<TestCluster>): void {
  describe(`${name}`, () => {
    let cluster: TestCluster;
    let a: MqttBroker;
    let b: MqttBroker;

    beforeEach(async () => {
      cluster = await create();
      a = await cluster.broker('a');
      b = await cluster.broker('b');
    });

    afterEach(async () => {
      await stopBrokers();
      await cluster.stop();
    });

    async function payloads(client: TestClient): Promise<string[]> {
      await cluster.settle();
      return arrived(client);
    }

    describe('publications', () => {
      it.each([0, 1, 2] as const)('reach subscribers of another broker once at QoS %i', async (qos) => {
        const subscriber = await TestClient.connect(b, 'subscriber');
        await subscriber.subscribe('t', { qos });
        const near = await TestClient.connect(a, 'near');
        await near.subscribe('t', { qos });
        const publisher = await TestClient.connect(a, 'publisher');
        publisher.publish('t', 'x', { qos, packetId: qos === 0 ? 0 : 1 });
        expect(await payloads(subscriber)).toEqual(['x']);
        expect(await payloads(near)).toEqual(['x']);
      });

      it('are not said to have no subscribers while another broker may have some', async () => {
        const publisher = await TestClient.connect(a, 'publisher');
        expect(await publishAcknowledged(publisher, 't', 'x')).toMatchObject({ reasonCode: 0 });
        await cluster.kill('b');
        await cluster.inherit('b', 'a');
        await cluster.settle();
        expect(await publishAcknowledged(publisher, 't', 'x')).toMatchObject({ reasonCode: 0x10 });
      });

      it('keep no-local across brokers', async () => {
        const subscriber = await TestClient.connect(b, 'same');
        await subscriber.subscribe('t', { noLocal: true });
        const publisher = await TestClient.connect(a, 'other');
        publisher.publish('t', 'from another');
        subscriber.publish('t', 'mine');
        expect(await payloads(subscriber)).toEqual(['from another']);
      });

      it('carry their properties and what is left of their life', async () => {
        const subscriber = await TestClient.connect(b, 'subscriber');
        await subscriber.subscribe('t');
        const publisher = await TestClient.connect(a, 'publisher');
        publisher.publish('t', 'x', {
          properties: {
            messageExpiryInterval: 60,
            contentType: 'text/plain',
            correlationData: Buffer.from([1, 2]),
            userProperties: [
              ['k', '1'],
              ['k', '2'],
            ],
          },
        });
        const { properties } = await subscriber.takePublish();
        expect(properties).toEqual({
          messageExpiryInterval: expect.any(Number),
          contentType: 'text/plain',
          correlationData: Buffer.from([1, 2]),
          userProperties: [
            ['k', '1'],
            ['k', '2'],
          ],
        });
        expect(properties!.messageExpiryInterval).toBeGreaterThan(55);
        expect(properties!.messageExpiryInterval).toBeLessThanOrEqual(60);
      });

      it('are acknowledged in the order in which they came [MQTT-4.6.0-2]', async () => {
        await cluster.kill('b');
        await cluster.inherit('b', 'a');
        const durable = await TestClient.connect(a, 'durable', persistent);
        await durable.subscribe('slow', { qos: 1 });
        const publisher = await TestClient.connect(a, 'publisher');
        publisher.publish('slow', '1', { qos: 1, packetId: 1 }); // goes through the log
        publisher.publish('quick', '2', { qos: 1, packetId: 2 });
        publisher.publish('slow', '3', { qos: 2, packetId: 3 });
        publisher.publish('quick', '4', { qos: 1, packetId: 4 });
        const order = [];
        for (let i = 0; i < 4; i++) order.push(((await publisher.next()) as { packetId: number }).packetId);
        expect(order).toEqual([1, 2, 3, 4]);
      });

      it('reach a session that outlives its broker once, from its own broker too', async () => {
        const durable = await TestClient.connect(a, 'durable', persistent);
        await durable.subscribe('t', { qos: 2 });
        await durable.subscribe('#', { qos: 1 });
        const publisher = await TestClient.connect(a, 'publisher');
        for (const qos of [0, 1, 2] as const) publisher.publish('t', `qos ${qos}`, { qos, packetId: qos });
        expect((await payloads(durable)).toSorted()).toEqual(['qos 0', 'qos 1', 'qos 2']);
      });
    });

    describe('retained messages', () => {
      it('are found on every broker, and by one that comes later', async () => {
        const publisher = await TestClient.connect(a, 'publisher');
        publisher.publish('kept', 'x', { qos: 1, packetId: 1, retain: true });
        await publisher.take(PacketType.PUBACK);
        await publisher.subscribe('kept');
        expect((await publisher.takePublish()).retain).toBe(true);
        await cluster.settle();
        for (const broker of [b, await cluster.broker('c')]) {
          const reader = await TestClient.connect(broker, 'reader');
          await reader.subscribe('+');
          expect(await payloads(reader)).toEqual(['x']);
        }
        const other = await TestClient.connect(b, 'other');
        other.publish('kept', '', { qos: 1, packetId: 2, retain: true });
        await other.take(PacketType.PUBACK);
        await cluster.settle();
        const reader = await TestClient.connect(b, 'reader');
        await reader.subscribe('kept');
        expect(await payloads(reader)).toEqual([]);
      });
    });

    describe('wills', () => {
      const will: Will = { topic: 'gone', payload: Buffer.from('will'), qos: 1, retain: false };

      it('are heard on another broker', async () => {
        const listener = await TestClient.connect(b, 'listener');
        await listener.subscribe('gone');
        const client = await TestClient.connect(a, 'client', { will });
        await client.vanish();
        expect(await payloads(listener)).toEqual(['will']);
      });

      it('of the clients of a broker that was killed are sent by its heir', async () => {
        const listener = await TestClient.connect(b, 'listener');
        await listener.subscribe('gone');
        await TestClient.connect(a, 'fleeting', { will });
        await TestClient.connect(a, 'lasting', { ...persistent, will });
        await TestClient.connect(a, 'delayed', {
          ...persistent,
          will: { ...will, properties: { willDelayInterval: 1000 } },
        });
        const left = await TestClient.connect(a, 'left', { ...persistent, will });
        await left.leave();
        await cluster.settle();
        await cluster.kill('a');
        await cluster.inherit('a', 'b');
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect(await payloads(listener)).toEqual(['will', 'will']);
      });

      it('are not sent when the client goes to another broker before the delay', async () => {
        const listener = await TestClient.connect(b, 'listener');
        await listener.subscribe('gone');
        const delayed = { ...will, properties: { willDelayInterval: 1000 } };
        const client = await TestClient.connect(a, 'client', { ...persistent, will: delayed });
        await client.vanish();
        const back = await TestClient.connect(b, 'client', persistent);
        await back.leave();
        await cluster.kill('a');
        await cluster.inherit('a', 'b');
        expect(await payloads(listener)).toEqual([]);
      });
    });

    describe('wills that wait', () => {
      const will: Will = { topic: 'gone', payload: Buffer.from('will'), qos: 1, retain: false };
      const delayed = { ...will, properties: { willDelayInterval: 1000 } };
      let listener: TestClient;

      beforeEach(async () => {
        listener = await TestClient.connect(b, 'listener');
        await listener.subscribe('gone');
      });

      it.each([
        ['another broker', () => b],
        ['its own broker', () => a],
      ])('are sent when the client begins anew on %s: that ends the session', async (_, broker) => {
        const client = await TestClient.connect(a, 'client', { ...persistent, will: delayed });
        await client.vanish();
        const anew = await TestClient.connect(broker(), 'client', { clean: true });
        expect(anew.connack!.sessionPresent).toBe(false);
        expect(await heard()).toEqual(['will']);
      });

      it('for a broker that was killed are sent when the client is back before an heir', async () => {
        await TestClient.connect(a, 'lasting', { ...persistent, will });
        await TestClient.connect(a, 'fleeting', { will });
        await TestClient.connect(a, 'delayed', { ...persistent, will: delayed });
        await cluster.settle();
        await cluster.kill('a');
        const back = [];
        for (const id of ['lasting', 'fleeting', 'delayed'])
          back.push(await TestClient.connect(b, id, persistent));
        expect(back.map(({ connack }) => connack!.sessionPresent)).toEqual([true, false, true]);
        expect(await heard()).toEqual(['will', 'will']);
      });

      async function heard(): Promise<string[]> {
        await new Promise((resolve) => setTimeout(resolve, 50));
        return payloads(listener);
      }
    });

    describe('sessions', () => {
      it('are resumed on another broker, with what came meanwhile, in order', async () => {
        const first = await TestClient.connect(a, 'c', persistent);
        await first.subscribe('t', { qos: 1 });
        await first.leave();
        const publisher = await TestClient.connect(b, 'publisher');
        for (const n of [1, 2, 3]) await publishAcknowledged(publisher, 't', `${n}`, n);
        const second = await TestClient.connect(b, 'c', persistent);
        expect(second.connack!.sessionPresent).toBe(true);
        expect(await payloads(second)).toEqual(['1', '2', '3']);
        await publishAcknowledged(publisher, 't', '4');
        expect(await payloads(second)).toEqual(['4']);
        expect(a.statistics.sessions).toBe(0);
      });

      it('end the connection to the broker they leave [MQTT-3.1.4-3], and take along what is unacknowledged', async () => {
        const first = await TestClient.connect(a, 'c', persistent);
        await first.subscribe('t', { qos: 2 });
        const publisher = await TestClient.connect(a, 'publisher');
        for (const n of [1, 2, 3]) await publishAcknowledged(publisher, 't', `${n}`, n);
        for (const n of [1, 2, 3]) expect((await first.takePublish()).packetId).toBe(n);
        first.acknowledge(PacketType.PUBACK, 1);
        const second = await TestClient.connect(b, 'c', persistent);
        expect((await first.take(PacketType.DISCONNECT)).reasonCode).toBe(ReasonCode.SessionTakenOver);
        const again = [await second.takePublish(), await second.takePublish()];
        expect(again.map(({ packetId, dup }) => [packetId, dup])).toEqual([
          [2, true],
          [3, true],
        ]);
        expect(await payloads(second)).toEqual([]);
      });

      it('go on in the middle of a QoS 2 exchange, both ways', async () => {
        const first = await TestClient.connect(a, 'c', persistent);
        await first.subscribe('t', { qos: 2 });
        const publisher = await TestClient.connect(b, 'publisher');
        publisher.publish('t', 'to c', { qos: 2, packetId: 9 });
        const { packetId } = await first.takePublish();
        first.acknowledge(PacketType.PUBREC, packetId);
        await first.take(PacketType.PUBREL);
        first.publish('from', 'c', { qos: 2, packetId: 77 });
        await first.take(PacketType.PUBREC);
        await cluster.settle();
        const listener = await TestClient.connect(b, 'listener');
        await listener.subscribe('from');
        const second = await TestClient.connect(b, 'c', persistent);
        expect((await second.take(PacketType.PUBREL)).packetId).toBe(packetId);
        second.publish('from', 'c', { qos: 2, packetId: 77, dup: true });
        expect((await second.take(PacketType.PUBREC)).packetId).toBe(77);
        second.acknowledge(PacketType.PUBREL, 77);
        expect((await second.take(PacketType.PUBCOMP)).reasonCode).toBe(0);
        expect(await payloads(listener)).toEqual([]);
      });

      it('are not resumed with Clean Start, on whichever broker', async () => {
        const first = await TestClient.connect(a, 'c', persistent);
        await first.subscribe('t', { qos: 1 });
        const second = await TestClient.connect(b, 'c', { clean: true });
        expect(second.connack!.sessionPresent).toBe(false);
        await first.closed;
        await publishAcknowledged(await TestClient.connect(a, 'publisher'), 't', 'x');
        expect(await payloads(second)).toEqual([]);
        await second.leave();
        await cluster.settle();
        expect(await cluster.knows('c')).toBe(false);
      });

      it('lose nothing when the broker that held them is killed', async () => {
        const first = await TestClient.connect(a, 'c', persistent);
        await first.subscribe('t', { qos: 1 });
        const publisher = await TestClient.connect(b, 'publisher');
        await publishAcknowledged(publisher, 't', '1');
        expect(await payloads(first)).toEqual(['1']);
        await cluster.kill('a');
        await publishAcknowledged(publisher, 't', '2');
        await cluster.inherit('a', 'b');
        await publishAcknowledged(publisher, 't', '3');
        const second = await TestClient.connect(b, 'c', persistent);
        expect(second.connack!.sessionPresent).toBe(true);
        expect(await payloads(second)).toEqual(['1', '2', '3']);
      });

      it('are claimed from a dead broker before anybody inherits them', async () => {
        const first = await TestClient.connect(a, 'c', persistent);
        await first.subscribe('t', { qos: 1 });
        await cluster.kill('a');
        const publisher = await TestClient.connect(b, 'publisher');
        await publishAcknowledged(publisher, 't', 'x');
        const second = await TestClient.connect(b, 'c', persistent);
        expect(await payloads(second)).toEqual(['x']);
        await cluster.inherit('a', 'b');
        await publishAcknowledged(publisher, 't', 'y');
        expect(await payloads(second)).toEqual(['y']);
      });

      it('that moved quickly to and fro lose and double nothing', async () => {
        const publisher = await TestClient.connect(a, 'publisher');
        const client = await TestClient.connect(a, 'c', persistent);
        await client.subscribe('t', { qos: 1 });
        const seen: string[] = [];
        let current = client;
        for (let round = 0; round < 20; round++) {
          publisher.publish('t', `${round}`, { qos: 1, packetId: round + 1 });
          current = await TestClient.connect(round % 2 ? a : b, 'c', persistent);
          await tick(round % 5);
          for (const packet of await current.settle()) {
            if (packet.type !== PacketType.PUBLISH) continue;
            seen.push(packet.payload.toString());
            current.acknowledge(PacketType.PUBACK, packet.packetId);
          }
          await current.settle();
        }
        seen.push(...(await payloads(current)));
        expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`));
      });

      it('keep the bounds that their subscriptions were granted with', async () => {
        const hooks = {
          authenticate: () => ({ ok: true, principal: 'anybody' }) as const,
          identityOf: () => 'who it was',
          restoreSubscription: (identity: string, filter: string) =>
            identity === 'who it was' &&
            filter !== 'revoked' && { only: (topic: string) => topic !== 'x/secret' },
        };
        const c = await cluster.broker('c', { hooks });
        const d = await cluster.broker('d', { hooks });
        const first = await TestClient.connect(c, 'client', persistent);
        await first.subscribe('x/#', { qos: 1 });
        await first.subscribe('revoked', { qos: 1 });
        await first.leave();
        const second = await TestClient.connect(d, 'client', persistent);
        const publisher = await TestClient.connect(a, 'publisher');
        for (const topic of ['x/secret', 'x/open', 'revoked'])
          await publishAcknowledged(publisher, topic, topic);
        expect(await payloads(second)).toEqual(['x/open']);
      });
    });

    describeSharedSubscriptions(() => ({ cluster, a, b }));
  });
}
