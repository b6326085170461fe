import { PacketType } from './codec/packets.js';
import { startBroker, stopBrokers } from './testing/test-broker.js';
import { TestClient, tick } from './testing/test-client.js';

afterEach(stopBrokers);

const lasting = { clean: false, properties: { sessionExpiryInterval: 100 } };
const message = (topic: string, retain = false) => ({
  topic,
  payload: Buffer.alloc(100),
  qos: 1 as const,
  retain,
});

describe('statistics', () => {
  const nothing = {
    connections: 0,
    sessions: 0,
    subscriptions: 0,
    retainedMessages: 0,
    retainedBytes: 0,
    queuedBytes: 0,
  };

  it('count what is held, and come back to nothing', async () => {
    const broker = startBroker();
    expect(broker.statistics).toMatchObject(nothing);
    const client = await TestClient.connect(broker, 'c', lasting);
    await client.subscribe('a/+', { qos: 1 });
    await client.subscribe('$share/g/b', { qos: 1 });
    broker.publish(message('a/1', true));
    broker.publish(message('a/2', true));
    expect(broker.statistics).toMatchObject({
      connections: 1,
      sessions: 1,
      subscriptions: 2,
      retainedMessages: 2,
    });
    await client.vanish();
    broker.publish(message('a/3'));
    broker.publish(message('b'));
    expect(broker.statistics).toMatchObject({ connections: 0, sessions: 1 });
    expect(broker.statistics.queuedBytes).toBeGreaterThan(200);
    for (const topic of ['a/1', 'a/2']) broker.publish({ ...message(topic, true), payload: Buffer.alloc(0) });
    await (await TestClient.connect(broker, 'c', { clean: true })).leave();
    await tick();
    expect(broker.statistics).toMatchObject(nothing);
  });

  it('come back to nothing after clients of every kind went every way', async () => {
    const broker = startBroker();
    for (let round = 0; round < 200; round++) {
      const version = ([3, 4, 5] as const)[round % 3]!;
      const client = await TestClient.connect(broker, `c${round % 7}`, { version });
      await client.subscribe(round % 2 ? `t/${round}/#` : `t/${round}`, { qos: 2 });
      client.publish(`t/${round}`, 'x', { qos: 1, packetId: 1 });
      client.publish(`t/${round}`, 'x', { qos: 2, packetId: 2 });
      if (round % 5 === 0) await client.settle();
      if (round % 4 === 0) await client.leave();
      else if (round % 4 === 1) await client.vanish();
      else if (round % 4 === 2) client.send({ type: PacketType.PINGRESP });
    }
    for (let id = 0; id < 7; id++) broker.disconnect(`c${id}`, 'administrative-action');
    await tick(10);
    expect(broker.statistics).toMatchObject(nothing);
  });
});
