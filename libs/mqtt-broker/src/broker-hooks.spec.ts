import type { ConnectRequest } from './client.js';
import { PacketType } from './codec/packets.js';
import type { RefusalReason } from './reason-codes.js';
import { startBroker, stopBrokers } from './testing/test-broker.js';
import { TEST_PEER, TestClient, tick } from './testing/test-client.js';

afterEach(stopBrokers);

const { PUBACK, PUBREC, PUBLISH, DISCONNECT } = PacketType;

describe('authenticate', () => {
  it('is asked with what the client sent', async () => {
    const asked: ConnectRequest[] = [];
    const broker = startBroker({
      authenticate: (request) => (asked.push(request), { ok: true, principal: 'me' }),
    });
    await TestClient.connect(broker, 'c', {
      keepAlive: 30,
      username: 'user',
      password: Buffer.from('secret'),
      will: { topic: 'w', payload: Buffer.alloc(0), qos: 0, retain: false },
      properties: { userProperties: [['a', 'b']] },
    });
    expect(asked).toEqual([
      {
        clientId: 'c',
        protocolVersion: 5,
        cleanStart: true,
        keepAlive: 30,
        username: 'user',
        password: Buffer.from('secret'),
        willTopic: 'w',
        userProperties: [['a', 'b']],
        peer: TEST_PEER,
      },
    ]);
    expect(broker.client('c')).toMatchObject({ principal: 'me', protocolVersion: 5, peer: TEST_PEER });
  });

  const refusals: [RefusalReason, number, number][] = [
    ['bad-credentials', 0x86, 4],
    ['not-authorized', 0x87, 5],
    ['identifier-rejected', 0x85, 2],
    ['server-unavailable', 0x88, 3],
    ['quota-exceeded', 0x97, 3],
  ];

  it.each(refusals)('refuses for %s: 0x%x, or %i in 3.x', async (reason, five, three) => {
    const events: string[] = [];
    const broker = startBroker({
      authenticate: () => Promise.resolve({ ok: false, reason }),
      onConnected: () => events.push('connected'),
      onDisconnected: () => events.push('disconnected'),
    });
    for (const version of [3, 4, 5] as const) {
      const client = new TestClient(broker, version);
      const { reasonCode, sessionPresent } = await client.open('c');
      expect({ reasonCode, sessionPresent }).toEqual({
        reasonCode: version === 5 ? five : three,
        sessionPresent: false,
      });
      await client.closed;
    }
    expect(events).toEqual([]);
    expect(broker.client('c')).toBeUndefined();
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('store is down');
      },
    ],
    ['rejects', () => Promise.reject(new Error('store is down'))],
  ])('that %s refuses as unavailable', async (_, authenticate) => {
    const broker = startBroker({ authenticate });
    expect((await new TestClient(broker).open('c')).reasonCode).toBe(0x88);
  });

  it('holds back what the client sends meanwhile [MQTT-3.2.0-1], 3.1.1 [MQTT-3.2.0-1]', async () => {
    let admit = (): void => {};
    const broker = startBroker({
      authenticate: () => new Promise((resolve) => (admit = () => resolve({ ok: true, principal: 1 }))),
    });
    const client = new TestClient(broker);
    client.sendConnect('c');
    client.publish('a', 'x', { qos: 1, packetId: 1 });
    await tick();
    expect(client.inbox).toEqual([]);
    admit();
    expect(await client.take(PacketType.CONNACK)).toMatchObject({ reasonCode: 0 });
    expect(await client.take(PUBACK)).toMatchObject({ packetId: 1 });
  });

  it('is not asked about enhanced authentication, which is refused', async () => {
    let asked = 0;
    const broker = startBroker({ authenticate: () => (asked++, { ok: true, principal: 1 }) });
    const client = new TestClient(broker);
    const properties = {
      authenticationMethod: 'SCRAM-SHA-256',
      authenticationData: Buffer.from('n,,n=a,r=b'),
    };
    expect((await client.open('c', { properties })).reasonCode).toBe(0x8c);
    await client.closed;
    expect(asked).toBe(0);
    const other = await TestClient.connect(broker, 'd');
    other.send({ type: PacketType.AUTH, reasonCode: 0x19, properties });
    await other.closed;
    expect(other.inbox.at(-1)).toMatchObject({ type: DISCONNECT, reasonCode: 0x82 });
  });

  it('never sees a client that went before it answered', async () => {
    let admit = (): void => {};
    const events: string[] = [];
    const broker = startBroker({
      authenticate: () => new Promise((resolve) => (admit = () => resolve({ ok: true, principal: 1 }))),
      onConnected: () => events.push('connected'),
      onDisconnected: () => events.push('disconnected'),
    });
    const client = new TestClient(broker);
    client.sendConnect('c');
    await tick();
    await client.vanish();
    admit();
    await tick();
    expect(events).toEqual([]);
    expect(broker.client('c')).toBeUndefined();
    expect(broker.connectionCount).toBe(0);
  });
});

describe('connections', () => {
  it('onDisconnected comes once for each onConnected, with the cause', async () => {
    const events: string[] = [];
    const broker = startBroker({
      onConnected: ({ id }) => events.push(`+${id}`),
      onDisconnected: ({ id }, { by, reasonCode, detail }) =>
        events.push(`-${id} ${by} ${reasonCode} ${detail}`),
    });
    await (await TestClient.connect(broker, 'left')).leave();
    await (await TestClient.connect(broker, 'lost')).vanish();
    const wrong = await TestClient.connect(broker, 'wrong');
    wrong.write(Buffer.from([0xc1, 0x00]));
    await wrong.closed;
    await TestClient.connect(broker, 'told');
    expect(broker.disconnect('told', 'administrative-action')).toBe(true);
    expect(broker.disconnect('told', 'administrative-action')).toBe(false);
    await TestClient.connect(broker, 'self');
    broker.client('self')!.disconnect('quota-exceeded');
    await tick();
    expect(events).toEqual([
      '+left',
      '-left client 0 disconnected',
      '+lost',
      '-lost network 128 closed',
      '+wrong',
      '-wrong server 129 reserved flags of the fixed header',
      '+told',
      '-told server 152 administrative-action',
      '+self',
      '-self server 151 quota-exceeded',
    ]);
  });

  it('are bounded: those above hear of it, those far above do not get in', async () => {
    const broker = startBroker({}, { maxConnections: 10 });
    for (let i = 0; i < 10; i++) await TestClient.connect(broker, `c${i}`);
    const above = new TestClient(broker);
    expect((await above.open('above')).reasonCode).toBe(0x97);
    await above.closed;
    const idle = new TestClient(broker);
    const outside = new TestClient(broker);
    await outside.closed;
    expect(idle.isClosed).toBe(false);
    expect(broker.connectionCount).toBeLessThanOrEqual(11);
  });

  it('survive hooks that throw', async () => {
    const fail = (): never => {
      throw new Error('hook');
    };
    const broker = startBroker({
      onConnected: fail,
      onSubscribed: fail,
      onUnsubscribed: fail,
      onDisconnected: fail,
    });
    const client = await TestClient.connect(broker, 'c');
    expect((await client.subscribe('a')).reasonCodes).toEqual([0]);
    client.send({ type: PacketType.UNSUBSCRIBE, packetId: 2, filters: ['a'] });
    await client.take(PacketType.UNSUBACK);
    await client.leave();
  });
});

describe('authorizeSubscribe', () => {
  const authorizeSubscribe = (_: unknown, filter: string): boolean | Promise<boolean> => {
    if (filter === 'throws') throw new Error('acl');
    if (filter === 'rejects') return Promise.reject(new Error('acl'));
    return filter.startsWith('slow') ? Promise.resolve(filter.endsWith('yes')) : filter.endsWith('yes');
  };

  it.each([
    [5, undefined, 0x87],
    [5, 0x80, 0x80],
    [4, undefined, 0x80],
  ] as const)('denies at level %i (option %s) with 0x%x', async (version, deniedSubscriptionCode, code) => {
    const broker = startBroker({ authorizeSubscribe }, {}, { deniedSubscriptionCode });
    const client = await TestClient.connect(broker, 'c', { version });
    for (const filter of ['no', 'slow/no', 'throws', 'rejects', '$share/g/no']) {
      expect((await client.subscribe(filter)).reasonCodes).toEqual([code]);
    }
    for (const filter of ['yes', 'slow/yes', '$share/g/yes']) {
      expect((await client.subscribe(filter)).reasonCodes).toEqual([0]);
    }
  });

  it('is followed by onSubscribed, after the SUBACK, for what was granted', async () => {
    const events: string[] = [];
    const broker = startBroker({
      authorizeSubscribe,
      onSubscribed: (client, filter, qos) => {
        events.push(`+${filter} ${qos}`);
        client.deliver({ topic: 'hello', payload: Buffer.alloc(0), qos: 0, cookie: 0 });
      },
      onUnsubscribed: (_, filter) => events.push(`-${filter}`),
    });
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe('yes', { qos: 2 });
    expect(await client.takePublish()).toMatchObject({ topic: 'hello' });
    await client.subscribe('no');
    client.send({ type: PacketType.UNSUBSCRIBE, packetId: 3, filters: ['yes', 'no'] });
    await client.take(PacketType.UNSUBACK);
    expect(events).toEqual(['+yes 2', '-yes']);
  });

  describe('with a bound', () => {
    const granted = new Set(['t/open']);
    const bounded = () =>
      startBroker({ authorizeSubscribe: () => ({ only: (topic: string) => granted.has(topic) }) });

    it('gives those topics alone, retained ones too, and asks again when told', async () => {
      const broker = bounded();
      const client = await TestClient.connect(broker, 'c');
      client.publish('t/open', 'kept', { retain: true });
      client.publish('t/closed', 'kept', { retain: true });
      const topics = async () =>
        (await client.settle()).map((packet) => packet.type === PUBLISH && packet.topic);
      await client.subscribe('t/#');
      expect(await topics()).toEqual(['t/open']);
      await client.subscribe('+/open', { retainHandling: 2 });
      for (const topic of ['t/closed', 't/open', 't/closed']) client.publish(topic, 'now');
      expect(await topics()).toEqual(['t/open']);
      granted.add('t/closed');
      broker.reconsiderTopics();
      client.publish('t/closed', 'now');
      expect(await client.takePublish()).toMatchObject({ topic: 't/closed' });
      granted.delete('t/closed');
    });

    it('passes a member of a shared subscription over', async () => {
      const client = await TestClient.connect(bounded(), 'c');
      await client.subscribe('$share/g/t/#');
      for (const topic of ['t/closed', 't/open']) client.publish(topic, 'x');
      expect(await client.takePublish()).toMatchObject({ topic: 't/open' });
    });
  });
});

describe('authorizePublish and onPublish', () => {
  it('denied: 0x87 in 5.0, acknowledged and dropped in 3.x', async () => {
    const broker = startBroker({ authorizePublish: (_, topic) => Promise.resolve(topic !== 'no') });
    const watching = await TestClient.connect(broker, 'w');
    await watching.subscribe('#');
    const five = await TestClient.connect(broker, 'five');
    five.publish('no', 'x');
    five.publish('no', 'x', { qos: 1, packetId: 1 });
    five.publish('no', 'x', { qos: 2, packetId: 2 });
    five.publish('yes', 'x', { qos: 1, packetId: 3 });
    expect(await five.settle()).toMatchObject([
      { type: PUBACK, reasonCode: 0x87 },
      { type: PUBREC, reasonCode: 0x87 },
      { type: PUBACK, reasonCode: 0 },
    ]);
    const four = await TestClient.connect(broker, 'four', { version: 4 });
    four.publish('no', 'x', { qos: 1, packetId: 1 });
    four.publish('no', 'x', { qos: 2, packetId: 2 });
    expect(await four.settle()).toMatchObject([{ type: PUBACK }, { type: PUBREC }]);
    expect(await watching.settle()).toHaveLength(1);
  });

  it('consume: acknowledged, not routed', async () => {
    const broker = startBroker({ onPublish: () => 'consume' });
    const client = await TestClient.connect(broker, 'c');
    await client.subscribe('#');
    client.publish('a', 'x', { qos: 1, packetId: 1 });
    client.publish('a', 'x', { qos: 2, packetId: 2 });
    expect(await client.settle()).toMatchObject([
      { type: PUBACK, reasonCode: 0 },
      { type: PUBREC, reasonCode: 0 },
    ]);
  });

  it('acknowledges only after the promise, and keeps the order', async () => {
    const settle: (() => void)[] = [];
    const heard: string[] = [];
    const broker = startBroker({
      onPublish: (_, { payload }) => {
        heard.push(payload.toString());
        return new Promise((resolve) => settle.push(() => resolve('route')));
      },
    });
    const client = await TestClient.connect(broker, 'c');
    for (let id = 1; id <= 3; id++) client.publish('a', `${id}`, { qos: 1, packetId: id });
    client.send({ type: PacketType.PINGREQ });
    await tick();
    expect(heard).toEqual(['1']);
    expect(client.inbox).toEqual([]);
    for (let id = 1; id <= 3; id++) {
      settle.shift()!();
      expect(await client.take(PUBACK)).toMatchObject({ packetId: id });
    }
    await client.take(PacketType.PINGRESP);
    expect(heard).toEqual(['1', '2', '3']);
  });

  it('still hears what was sent before a goodbye, and the goodbye after it', async () => {
    const events: string[] = [];
    const broker = startBroker({
      onPublish: async (_, { payload }) => {
        await tick();
        events.push(payload.toString());
        return 'consume' as const;
      },
      onDisconnected: (_, { by }) => events.push(by),
    });
    const client = await TestClient.connect(broker, 'c');
    client.publish('a', '1');
    client.publish('a', '2');
    await client.leave();
    expect(events).toEqual(['1', '2', 'client']);
  });

  it.each([
    ['refuses', () => ({ refuse: 0x97 })],
    ['rejects', () => Promise.reject(new Error('store is down'))],
    [
      'throws',
      () => {
        throw new Error('store is down');
      },
    ],
  ] as const)('that %s: an error code in 5.0, the end of the connection in 3.x', async (_, onPublish) => {
    const broker = startBroker({ onPublish });
    const five = await TestClient.connect(broker, 'five');
    five.publish('a', 'x', { qos: 1, packetId: 1 });
    const { reasonCode } = await five.take(PUBACK);
    expect([0x97, 0x80]).toContain(reasonCode);
    five.publish('a', 'x', { qos: 2, packetId: 2 });
    expect((await five.take(PUBREC)).reasonCode).toBe(reasonCode);
    five.publish('a', 'x', { qos: 2, packetId: 2 });
    expect((await five.take(PUBREC)).reasonCode).toBe(reasonCode);
    const four = await TestClient.connect(broker, 'four', { version: 4 });
    four.publish('a', 'x', { qos: 1, packetId: 1 });
    await four.closed;
    expect(four.inbox).toEqual([]);
  });

  it('sees what any subscriber sees', async () => {
    const broker = startBroker({
      onPublish: (client, message) => (client.deliver({ ...message, qos: 0, cookie: 0 }), 'consume'),
    });
    const client = await TestClient.connect(broker, 'c');
    client.publish('a', 'echo', { properties: { contentType: 'text/plain' } });
    expect(await client.take(PUBLISH)).toMatchObject({
      topic: 'a',
      properties: { contentType: 'text/plain' },
    });
  });
});

describe('QoS 2 across a reconnection while onPublish decides', () => {
  const lasting = { clean: false, properties: { sessionExpiryInterval: 100 } };

  it.each(['route', { refuse: 0x97 }] as const)(
    'is heard once, and answered where the client is now (%j)',
    async (verdict) => {
      const heard: string[] = [];
      let decide = (): void => {};
      const broker = startBroker({
        onPublish: (_, { payload }) => {
          heard.push(payload.toString());
          return new Promise((resolve) => (decide = () => resolve(verdict)));
        },
      });
      const first = await TestClient.connect(broker, 'c', lasting);
      first.publish('a', 'x', { qos: 2, packetId: 8 });
      await tick();
      await first.vanish();
      const second = await TestClient.connect(broker, 'c', lasting);
      second.publish('a', 'x', { qos: 2, packetId: 8, dup: true });
      expect(await second.settle()).toEqual([]);
      decide();
      const reasonCode = verdict === 'route' ? 0x10 : 0x97;
      expect(await second.take(PUBREC)).toMatchObject({ packetId: 8, reasonCode });
      expect(heard).toEqual(['x']);
    },
  );
});
