import type { MqttBroker } from './broker.js';
import type { MqttClient } from './client.js';
import { PacketType, type PublishPacket } from './codec/packets.js';
import type { DirectDelivery } from './message.js';
import { startBroker, stopBrokers, TestClock } from './testing/test-broker.js';
import { TestClient, tick } from './testing/test-client.js';

afterEach(stopBrokers);

const { PUBACK, PUBREC, PUBREL, PUBCOMP } = PacketType;
const lasting = { clean: false, properties: { sessionExpiryInterval: 1000 } };

function push(cookie: unknown, qos: 0 | 1 | 2 = 1, fields: Partial<DirectDelivery> = {}): DirectDelivery {
  return { topic: 'devices/c/inbox', payload: Buffer.from(`push ${String(cookie)}`), qos, cookie, ...fields };
}

/** A broker that writes down what it hears about direct deliveries. */
function recording(hooks: Parameters<typeof startBroker>[0] = {}): { broker: MqttBroker; log: string[] } {
  const log: string[] = [];
  const broker = startBroker({
    onDeliveryAcknowledged: (client, cookie, code) => log.push(`${client.id} ${String(cookie)} ${code}`),
    onWindowOpen: (client) => log.push(`${client.id} open`),
    ...hooks,
  });
  return { broker, log };
}

function handle(broker: MqttBroker, id = 'c'): MqttClient {
  const client = broker.client(id);
  if (!client) throw new Error(`no client ${id}`);
  return client;
}

describe('direct delivery', () => {
  it('brings a message to one client, subscribed or not', async () => {
    const { broker } = recording();
    const client = await TestClient.connect(broker, 'c');
    const properties = {
      contentType: 'application/json',
      messageExpiryInterval: 60,
      userProperties: [['id', '1']] as const,
    };
    expect(
      handle(broker).deliver(push(1, 1, { properties: { ...properties, userProperties: [['id', '1']] } })),
    ).toBe('written');
    expect(await client.takePublish()).toMatchObject({
      topic: 'devices/c/inbox',
      payload: Buffer.from('push 1'),
      qos: 1,
      dup: false,
      packetId: 1,
      properties,
    });
  });

  it.each([3, 4] as const)('leaves properties out at level %i', async (version) => {
    const { broker } = recording();
    const client = await TestClient.connect(broker, 'c', { version });
    handle(broker).deliver(push(1, 1, { properties: { contentType: 'x' } }));
    expect(await client.takePublish()).toMatchObject({
      payload: Buffer.from('push 1'),
      properties: undefined,
    });
  });

  it('is acknowledged with its cookie: at QoS 0 at once, 1 by PUBACK, 2 by PUBCOMP', async () => {
    const { broker, log } = recording();
    const client = await TestClient.connect(broker, 'c');
    handle(broker).deliver(push('zero', 0));
    expect(log.splice(0)).toEqual(['c zero 0']);
    handle(broker).deliver(push('one', 1));
    handle(broker).deliver(push('two', 2));
    await client.settle();
    expect(log).toEqual([]);
    client.acknowledge(PUBREC, 2);
    await client.take(PUBREL);
    expect(handle(broker).pendingCookies).toEqual(['one', 'two']);
    client.acknowledge(PUBCOMP, 2);
    client.acknowledge(PUBACK, 1);
    await client.settle();
    expect(log).toEqual(['c two 0', 'c one 0']);
    expect(handle(broker).pendingCookies).toEqual([]);
  });

  it('passes on the reason code of a refusal', async () => {
    const { broker, log } = recording();
    const client = await TestClient.connect(broker, 'c');
    handle(broker).deliver(push('one', 1));
    handle(broker).deliver(push('two', 2));
    client.acknowledge(PUBACK, 1, 0x97);
    client.acknowledge(PUBREC, 2, 0x83);
    await client.settle();
    expect(log).toEqual(['c one 151', 'c two 131']);
  });

  it('keeps to the window, and says when it opens', async () => {
    const { broker, log } = recording();
    const client = await TestClient.connect(broker, 'c', { properties: { receiveMaximum: 2 } });
    expect(handle(broker).receiveMaximum).toBe(2);
    expect([1, 2, 3, 4].map((n) => handle(broker).deliver(push(n)))).toEqual([
      'written',
      'written',
      'window-full',
      'window-full',
    ]);
    expect(handle(broker).deliver(push('zero', 0))).toBe('written');
    client.acknowledge(PUBACK, 1);
    await client.settle();
    expect(log).toEqual(['c zero 0', 'c 1 0', 'c open']);
    expect(handle(broker).deliver(push(3))).toBe('written');
  });

  it('gets a place that an ordinary publication frees, before the queue', async () => {
    const waiting = ['x'];
    const broker = startBroker({
      onWindowOpen: (client) => {
        for (const cookie of waiting.splice(0)) client.deliver(push(cookie));
      },
    });
    const client = await TestClient.connect(broker, 'c', { properties: { receiveMaximum: 1 } });
    await client.subscribe('a', { qos: 1 });
    for (let i = 0; i < 2; i++)
      broker.publish({ topic: 'a', payload: Buffer.from('a'), qos: 1, retain: false });
    expect(handle(broker).deliver(push('x'))).toBe('window-full');
    const topics: string[] = [];
    for (let i = 0; i < 3; i++) {
      const { topic, packetId } = await client.takePublish();
      topics.push(topic);
      client.acknowledge(PUBACK, packetId);
    }
    expect(topics).toEqual(['a', 'devices/c/inbox', 'a']);
  });

  it('is refused when too large for the client, or for MQTT', async () => {
    const { broker } = recording();
    const client = await TestClient.connect(broker, 'c', { properties: { maximumPacketSize: 200 } });
    expect(handle(broker).deliver(push(1, 1, { payload: Buffer.alloc(200) }))).toBe('too-large');
    expect(handle(broker).deliver(push(2, 1, { topic: 'x'.repeat(70_000) }))).toBe('too-large');
    expect(handle(broker).deliver(push(3, 1, { properties: { contentType: 'x'.repeat(70_000) } }))).toBe(
      'too-large',
    );
    expect(handle(broker).pendingCookies).toEqual([]);
    expect(handle(broker).deliver(push(4))).toBe('written');
    expect(await client.settle()).toHaveLength(1);
  });

  it('carries large payloads', async () => {
    const { broker } = recording();
    const client = await TestClient.connect(broker, 'c');
    const payload = Buffer.alloc(100_000, 'abc');
    handle(broker).deliver(push(1, 1, { payload }));
    expect((await client.takePublish()).payload.equals(payload)).toBe(true);
  });

  it('is closed to a client that is gone', async () => {
    const { broker } = recording();
    const client = await TestClient.connect(broker, 'c', lasting);
    const gone = handle(broker);
    await client.vanish();
    expect(gone.deliver(push(1))).toBe('closed');
    expect(gone.connected).toBe(false);
    await TestClient.connect(broker, 'c', lasting);
    expect(gone.deliver(push(1))).toBe('closed');
    expect(handle(broker).deliver(push(1))).toBe('written');
  });
});

describe('direct delivery to a resumed session', () => {
  async function leaveTwoOpen(broker: MqttBroker, qos: 1 | 2): Promise<void> {
    const client = await TestClient.connect(broker, 'c', lasting);
    for (const cookie of ['first', 'second']) handle(broker).deliver(push(cookie, qos));
    await client.settle();
    await client.vanish();
  }

  it('repeats with DUP, in order, before anything new; cookies are there in onConnected', async () => {
    const seen: unknown[] = [];
    const { broker, log } = recording({
      onConnected: (client) => {
        seen.push({ present: client.sessionPresent, cookies: client.pendingCookies });
        client.deliver(push('new'));
      },
    });
    await TestClient.connect(broker, 'c', lasting).then((client) => client.vanish());
    const client = await TestClient.connect(broker, 'c', lasting);
    await client.settle();
    handle(broker).deliver(push('later'));
    await client.settle();
    await client.vanish();
    const again = await TestClient.connect(broker, 'c', lasting);
    const packets = (await again.settle()) as PublishPacket[];
    expect(packets.map(({ packetId, dup }) => [packetId, dup])).toEqual([
      [1, true],
      [2, true],
      [3, true],
      [4, false],
    ]);
    expect(seen).toEqual([
      { present: false, cookies: [] },
      { present: true, cookies: ['new'] },
      { present: true, cookies: ['new', 'new', 'later'] },
    ]);
    again.acknowledge(PUBACK, 3);
    await again.settle();
    expect(log).toEqual(['c later 0']);
  });

  it.each([false, true])(
    'drops what beforeResend does not want (asynchronously: %s)',
    async (asynchronous) => {
      const asked: unknown[] = [];
      const { broker } = recording({
        beforeResend: (_, cookie) => {
          asked.push(cookie);
          const wanted = cookie === 'second';
          return asynchronous ? Promise.resolve(wanted) : wanted;
        },
      });
      await leaveTwoOpen(broker, 1);
      const client = await TestClient.connect(broker, 'c', lasting);
      expect(await client.settle()).toMatchObject([{ packetId: 2, dup: true }]);
      expect(asked).toEqual(['first', 'second']);
      expect(handle(broker).pendingCookies).toEqual(['second']);
    },
  );

  it('completes a dropped QoS 2 exchange without its message, so that its identifier is safe to use again', async () => {
    const { broker, log } = recording({ beforeResend: (_, cookie) => cookie !== 'first' });
    await leaveTwoOpen(broker, 2);
    const client = await TestClient.connect(broker, 'c', lasting);
    const packets = await client.settle();
    expect(packets).toMatchObject([
      { type: PUBREL, packetId: 1 },
      { type: PacketType.PUBLISH, packetId: 2, dup: true },
    ]);
    client.acknowledge(PUBCOMP, 1, 0x92);
    await client.settle();
    expect(log).toEqual([]);
    expect(handle(broker).pendingCookies).toEqual(['second']);
  });

  it('repeats when beforeResend fails', async () => {
    const { broker } = recording({ beforeResend: () => Promise.reject(new Error('store is down')) });
    await leaveTwoOpen(broker, 1);
    const client = await TestClient.connect(broker, 'c', lasting);
    expect(await client.settle()).toHaveLength(2);
  });

  it('does not send a connection that is gone what beforeResend decides late', async () => {
    const decide: (() => void)[] = [];
    const connected: string[] = [];
    const { broker } = recording({
      beforeResend: () => new Promise((resolve) => decide.push(() => resolve(true))),
      onConnected: (client) => connected.push(client.id),
    });
    await leaveTwoOpen(broker, 1);
    connected.length = 0;
    const client = await TestClient.connect(broker, 'c', lasting);
    await client.vanish();
    while (decide.length > 0) {
      decide.shift()!();
      await tick();
    }
    expect(connected).toEqual([]);
    expect(broker.connectionCount).toBe(0);
  });

  it('takes the time that passed from the message expiry', async () => {
    const clock = new TestClock();
    const broker = startBroker({}, {}, { now: clock.now });
    const client = await TestClient.connect(broker, 'c', lasting);
    handle(broker).deliver(push(1, 1, { properties: { messageExpiryInterval: 60 } }));
    await client.settle();
    await client.vanish();
    await clock.advance(25);
    const again = await TestClient.connect(broker, 'c', lasting);
    expect((await again.takePublish()).properties).toEqual({ messageExpiryInterval: 35 });
  });

  it('is over with the session', async () => {
    const { broker, log } = recording();
    await leaveTwoOpen(broker, 1);
    const client = await TestClient.connect(broker, 'c', { clean: true });
    expect(await client.settle()).toEqual([]);
    expect(handle(broker).pendingCookies).toEqual([]);
    expect(log).toEqual([]);
  });
});
