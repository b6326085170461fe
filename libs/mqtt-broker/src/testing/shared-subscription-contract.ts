import { beforeEach, describe, expect, it } from '@jest/globals';
import type { MqttBroker } from '../broker.js';
import { PacketType } from '../codec/packets.js';
import type { TestCluster } from './cluster-contract.js';
import { arrived, LONG, persistent, publishAcknowledged } from './contract-clients.js';
import { TestClient } from './test-client.js';

/** What brokers owe the members of shared subscriptions. */
export function describeSharedSubscriptions(
  brokers: () => { cluster: TestCluster; a: MqttBroker; b: MqttBroker },
): void {
  describe('shared subscriptions', () => {
    let cluster: TestCluster;
    let a: MqttBroker;
    let b: MqttBroker;

    beforeEach(() => {
      ({ cluster, a, b } = brokers());
    });

    async function payloads(client: TestClient): Promise<string[]> {
      await cluster.settle();
      return arrived(client);
    }

    const share = '$share/g/t';

    it('bring each message to one member of all brokers', async () => {
      const members = await Promise.all(
        [a, b, b].map(async (broker, i) => {
          const member = await TestClient.connect(broker, `member ${i}`);
          await member.subscribe(share, { qos: 1 });
          return member;
        }),
      );
      await cluster.settle();
      const publisher = await TestClient.connect(a, 'publisher');
      const sent = Array.from({ length: 60 }, (_, i) => `${i}`);
      for (const [i, payload] of sent.entries()) await publishAcknowledged(publisher, 't', payload, i + 1);
      const received = await Promise.all(members.map(payloads));
      expect(received.flat().toSorted()).toEqual(sent.toSorted());
      expect(Math.min(...received.map(({ length }) => length))).toBeGreaterThan(5);
    });

    it('lose nothing when the members of one broker leave', async () => {
      const staying = await TestClient.connect(a, 'staying');
      const leaving = await TestClient.connect(b, 'leaving');
      for (const member of [staying, leaving]) await member.subscribe(share, { qos: 1 });
      await cluster.settle();
      const publisher = await TestClient.connect(a, 'publisher');
      for (let i = 1; i <= 20; i++) publisher.publish('t', `${i}`, { qos: 1, packetId: i });
      leaving.send({ type: PacketType.UNSUBSCRIBE, packetId: 5, filters: [share] });
      await leaving.take(PacketType.UNSUBACK);
      for (let i = 21; i <= 40; i++) publisher.publish('t', `${i}`, { qos: 1, packetId: i });
      await cluster.settle();
      await cluster.settle();
      const all = [...(await payloads(staying)), ...(await payloads(leaving))].map(Number);
      expect(all.toSorted((x, y) => x - y)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    });

    describe('of which a member has not completed all, when its session ends', () => {
      const texts = ['1', '2', '3', '4'];
      let member: TestClient;
      let publisher: TestClient;

      /** One of broker a with two messages on their way and two in its queue. */
      async function busy(options: object): Promise<void> {
        member = await TestClient.connect(a, 'member', options);
        await member.subscribe(share, { qos: 1 });
        await cluster.settle();
        publisher = await TestClient.connect(b, 'publisher');
        for (const [i, text] of texts.entries()) await publishAcknowledged(publisher, 't', text, i + 1);
        await cluster.settle();
        expect(await arrived(member)).toEqual(['1', '2']);
      }

      async function other(broker = b): Promise<TestClient> {
        const client = await TestClient.connect(broker, 'other');
        await client.subscribe(share, { qos: 1 });
        await cluster.settle();
        return client;
      }

      async function got(client: TestClient): Promise<string[]> {
        await cluster.settle();
        await cluster.settle();
        return (await payloads(client)).toSorted();
      }

      const narrow = { receiveMaximum: 2 };
      const lasting = { clean: false, properties: { ...LONG, ...narrow } } as const;

      it.each([
        ['its own broker', () => a],
        ['another broker', () => b],
      ])('go to a member of %s (it ends with its connection)', async (_, broker) => {
        await busy({ properties: narrow });
        const heir = await other(broker());
        await member.vanish();
        expect(await got(heir)).toEqual(texts);
      });

      it.each([
        ['its own broker', () => a],
        ['another broker', () => b],
      ])('go to another member (its client begins anew on %s)', async (_, broker) => {
        await busy(lasting);
        const heir = await other();
        await member.vanish();
        expect(await got(heir)).toEqual([]);
        const anew = await TestClient.connect(broker(), 'member', { clean: true });
        expect(await got(heir)).toEqual(texts);
        expect(await got(anew)).toEqual([]);
      });

      it('go to another member (its broker was killed, and its client begins anew)', async () => {
        await busy(lasting);
        const heir = await other();
        await cluster.kill('a');
        await TestClient.connect(b, 'member', { clean: true });
        // Some of it falls to the one that was killed, until somebody finds out.
        const first = await got(heir);
        await cluster.inherit('a', 'b');
        expect([...first, ...(await got(heir))].toSorted()).toEqual(texts);
      });

      it('go to another member (its broker was killed, and it ran out with its heir)', async () => {
        await busy({ clean: false, properties: { sessionExpiryInterval: 1, ...narrow } });
        const heir = await other();
        await member.vanish();
        await cluster.settle();
        await cluster.kill('a');
        await cluster.inherit('a', 'b');
        const all: string[] = [];
        for (let waited = 0; all.length < texts.length && waited < 100; waited++) {
          await new Promise((resolve) => setTimeout(resolve, 100));
          all.push(...(await payloads(heir)));
        }
        expect(all.toSorted()).toEqual(texts);
      });

      it('go to nobody while it may come back, and when nobody else is there', async () => {
        await busy(lasting);
        await member.leave();
        const back = await TestClient.connect(b, 'member', persistent);
        expect(await got(back)).toEqual(texts);
        await back.leave();
        await TestClient.connect(b, 'member', { clean: true });
        const late = await other();
        expect(await got(late)).toEqual([]);
      });

      it('do not go on where QoS 2 was begun [MQTT-4.8.2-5]', async () => {
        member = await TestClient.connect(a, 'member', { properties: narrow });
        await member.subscribe(share, { qos: 2 });
        await cluster.settle();
        publisher = await TestClient.connect(b, 'publisher');
        for (const [i, text] of texts.entries()) {
          publisher.publish('t', text, { qos: 2, packetId: i + 1 });
          await publisher.take(PacketType.PUBREC);
        }
        await cluster.settle();
        expect(await arrived(member)).toEqual(['1', '2']);
        const heir = await other();
        await member.vanish();
        expect(await got(heir)).toEqual(['3', '4']);
      });
    });

    it('lose nothing that fell to a broker that was killed', async () => {
      const fleeting = await TestClient.connect(a, 'fleeting');
      await fleeting.subscribe(share, { qos: 1 });
      const staying = await TestClient.connect(b, 'staying');
      await staying.subscribe(share, { qos: 1 });
      await cluster.settle();
      await cluster.kill('a');
      const publisher = await TestClient.connect(b, 'publisher');
      const sent = Array.from({ length: 20 }, (_, i) => `${i}`);
      for (const [i, payload] of sent.entries()) await publishAcknowledged(publisher, 't', payload, i + 1);
      const before = await payloads(staying);
      expect(before.length).toBeLessThan(20);
      await cluster.inherit('a', 'b');
      await cluster.settle();
      expect([...before, ...(await payloads(staying))].toSorted()).toEqual(sent.toSorted());
    });

    it('prefer members that are connected to sessions that wait', async () => {
      const waiting = await TestClient.connect(a, 'waiting', persistent);
      await waiting.subscribe(share, { qos: 1 });
      await waiting.leave();
      const online = await TestClient.connect(b, 'online');
      await online.subscribe(share, { qos: 1 });
      await cluster.settle();
      const publisher = await TestClient.connect(a, 'publisher');
      for (let i = 1; i <= 5; i++) await publishAcknowledged(publisher, 't', `${i}`, i);
      await cluster.settle();
      for (let i = 1; i <= 5; i++) online.acknowledge(PacketType.PUBACK, i);
      expect(await payloads(online)).toEqual(['1', '2', '3', '4', '5']);
      await online.leave();
      await cluster.settle();
      await publishAcknowledged(publisher, 't', '6');
      const back = await TestClient.connect(b, 'waiting', persistent);
      expect(await payloads(back)).toEqual(['6']);
    });
  });
}
