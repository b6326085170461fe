import type { DisconnectCause } from './client.js';
import { PacketType } from './codec/packets.js';
import type { BrokerMessage } from './message.js';
import { startBroker, stopBrokers, TestClock } from './testing/test-broker.js';
import { TestClient, tick } from './testing/test-client.js';

afterEach(stopBrokers);

const expiring = (seconds: number) => ({ clean: false, properties: { sessionExpiryInterval: seconds } });

describe('sessions', () => {
  it('resumes a persistent session with its subscriptions [MQTT-3.1.2-5]', async () => {
    const broker = startBroker();
    const first = await TestClient.connect(broker, 'c', expiring(100));
    await first.subscribe('a', { qos: 1 });
    await first.leave();
    const second = await TestClient.connect(broker, 'c', expiring(100));
    expect(second.connack?.sessionPresent).toBe(true);
    broker.publish({ topic: 'a', payload: Buffer.from('x'), qos: 1, retain: false });
    expect(await second.takePublish()).toMatchObject({ topic: 'a', qos: 1, packetId: 1 });
  });

  it('starts anew with Clean Start [MQTT-3.1.2-4]', async () => {
    const broker = startBroker();
    const first = await TestClient.connect(broker, 'c', expiring(100));
    await first.subscribe('a');
    await first.leave();
    const second = await TestClient.connect(broker, 'c', { ...expiring(100), clean: true });
    expect(second.connack?.sessionPresent).toBe(false);
    second.publish('a', 'x');
    expect(await second.settle()).toEqual([]);
  });

  it('starts anew with Clean Session, and keeps nothing (3.1.1 [MQTT-3.1.2-6], 3.1.1 [MQTT-3.2.2-1], 3.1.1 [MQTT-3.2.2-3])', async () => {
    const broker = startBroker();
    const kept = { version: 4, clean: false } as const;
    const first = await TestClient.connect(broker, 'c', kept);
    expect(first.connack?.sessionPresent).toBe(false);
    await first.subscribe('a', { qos: 1 });
    await first.vanish();
    const second = await TestClient.connect(broker, 'c', { version: 4 });
    expect(second.connack?.sessionPresent).toBe(false);
    second.publish('a', 'x');
    expect(await second.settle()).toEqual([]);
    await second.vanish();
    const third = await TestClient.connect(broker, 'c', kept);
    expect(third.connack?.sessionPresent).toBe(false);
  });

  it('ends a session without expiry with its connection [MQTT-4.1.0-2]', async () => {
    const broker = startBroker();
    const first = await TestClient.connect(broker, 'c', { clean: false });
    await first.leave();
    const second = await TestClient.connect(broker, 'c', { clean: false });
    expect(second.connack?.sessionPresent).toBe(false);
  });

  it('ends a session when its interval has passed, and not before', async () => {
    const clock = new TestClock();
    const broker = startBroker({}, {}, { now: clock.now });
    await (await TestClient.connect(broker, 'c', expiring(10))).leave();
    await clock.advance(9);
    const again = await TestClient.connect(broker, 'c', expiring(10));
    expect(again.connack?.sessionPresent).toBe(true);
    await again.leave();
    await clock.advance(11);
    expect((await TestClient.connect(broker, 'c', expiring(10))).connack?.sessionPresent).toBe(false);
  });

  it('keeps a session that never expires, within the server’s bound, and says so', async () => {
    const broker = startBroker({}, { sessionExpiryMax: 60 });
    const client = await TestClient.connect(broker, 'c', expiring(0xffffffff));
    expect(client.connack?.properties?.sessionExpiryInterval).toBe(60);
  });

  it('takes a new interval from DISCONNECT', async () => {
    const broker = startBroker();
    await (await TestClient.connect(broker, 'c', expiring(100))).leave(0, { sessionExpiryInterval: 0 });
    expect((await TestClient.connect(broker, 'c', { clean: false })).connack?.sessionPresent).toBe(false);
  });

  it('refuses an interval in DISCONNECT where CONNECT had none', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c');
    await client.leave(0, { sessionExpiryInterval: 5 });
    expect(client.inbox.at(-1)).toMatchObject({ type: PacketType.DISCONNECT, reasonCode: 0x82 });
  });

  it('keeps a session of 3.1.1 without Clean Session', async () => {
    const broker = startBroker();
    await (await TestClient.connect(broker, 'c', { version: 4, clean: false })).leave();
    const second = await TestClient.connect(broker, 'c', { version: 4, clean: false });
    expect(second.connack?.sessionPresent).toBe(true);
  });

  it('has no session present flag in 3.1', async () => {
    const broker = startBroker();
    await (await TestClient.connect(broker, 'c', { version: 3, clean: false })).leave();
    const second = await TestClient.connect(broker, 'c', { version: 3, clean: false });
    expect(second.connack?.sessionPresent).toBe(false);
  });

  it('refuses a session beyond the bound', async () => {
    const broker = startBroker({}, { maxSessions: 1 });
    await TestClient.connect(broker, 'one');
    const second = new TestClient(broker);
    expect((await second.open('two')).reasonCode).toBe(0x97);
    await second.closed;
  });
});

describe('client identifiers', () => {
  it('assigns one, unguessable and its own for each [MQTT-3.1.3-6]', async () => {
    const broker = startBroker();
    const ids = await Promise.all(
      [1, 2].map(
        async () => (await TestClient.connect(broker, '')).connack?.properties?.assignedClientIdentifier,
      ),
    );
    expect(ids[0]).toMatch(/^auto-[0-9a-f]{24}$/);
    expect(ids[0]).not.toBe(ids[1]);
    expect(broker.client(ids[0]!)?.connected).toBe(true);
  });

  it('assigns one to a clean session, and refuses others (3.1.1 [MQTT-3.1.3-6], 3.1.1 [MQTT-3.1.3-8])', async () => {
    const broker = startBroker();
    expect((await TestClient.connect(broker, '', { version: 4 })).connack?.reasonCode).toBe(0);
    const persistent = new TestClient(broker, 4);
    expect((await persistent.open('', { clean: false })).reasonCode).toBe(2);
    await persistent.closed;
    expect((await new TestClient(broker, 3).open('')).reasonCode).toBe(2);
  });

  it('refuses one that is too long', async () => {
    const broker = startBroker();
    expect((await new TestClient(broker, 5).open('x'.repeat(1025))).reasonCode).toBe(0x85);
    expect((await new TestClient(broker, 4).open('x'.repeat(1025))).reasonCode).toBe(2);
  });

  it('goes by the one that the authentication gives', async () => {
    const broker = startBroker({ authenticate: () => ({ ok: true, principal: 1, clientId: 'given' }) });
    const client = await TestClient.connect(broker, 'asked');
    expect(broker.client('given')?.connected).toBe(true);
    expect(broker.client('asked')).toBeUndefined();
    expect(client.connack?.properties?.assignedClientIdentifier).toBeUndefined();
  });
});

describe('take-over', () => {
  it.each([3, 4, 5] as const)(
    'closes the older connection (level %i) [MQTT-3.1.4-3], 3.1.1 [MQTT-3.1.4-2]',
    async (version) => {
      const causes: DisconnectCause[] = [];
      const broker = startBroker({ onDisconnected: (_, cause) => causes.push(cause) });
      const first = await TestClient.connect(broker, 'c', { version });
      const second = await TestClient.connect(broker, 'c', { version });
      await first.closed;
      const farewell =
        version === 5 ? [{ type: PacketType.DISCONNECT, reasonCode: 0x8e, properties: undefined }] : [];
      expect(first.inbox).toEqual(farewell);
      expect(causes).toEqual([{ by: 'server', reasonCode: 0x8e, detail: 'taken-over' }]);
      expect(await second.settle()).toEqual([]);
      expect(broker.client('c')?.connected).toBe(true);
    },
  );

  it('hands the session over', async () => {
    const broker = startBroker();
    const first = await TestClient.connect(broker, 'c', expiring(100));
    await first.subscribe('a');
    const second = await TestClient.connect(broker, 'c', expiring(100));
    expect(second.connack?.sessionPresent).toBe(true);
    second.publish('a', 'mine');
    expect(await second.takePublish()).toMatchObject({ topic: 'a' });
  });

  it('leaves one winner of many that come at once', async () => {
    const connected: string[] = [];
    const disconnected: string[] = [];
    const broker = startBroker({
      authenticate: async () => {
        await tick();
        return { ok: true, principal: null };
      },
      onConnected: (client) => connected.push(client.id),
      onDisconnected: (client) => disconnected.push(client.id),
    });
    await Promise.all(Array.from({ length: 10 }, () => new TestClient(broker).open('c')));
    await tick();
    expect(connected).toHaveLength(10);
    expect(disconnected).toHaveLength(9);
    expect(broker.client('c')?.connected).toBe(true);
  });

  it('forgets the session that moved to another edge, without its will', async () => {
    const published: BrokerMessage[] = [];
    const broker = startBroker({ onPublish: (_, message) => (published.push(message), 'route') });
    const properties = { willDelayInterval: 10 };
    const will = { topic: 'w', payload: Buffer.from('x'), qos: 0 as const, retain: false, properties };
    const client = await TestClient.connect(broker, 'c', { ...expiring(100), will });
    expect(broker.disconnect('c', 'taken-over')).toBe(true);
    await client.closed;
    const again = await TestClient.connect(broker, 'c', expiring(100));
    expect(again.connack?.sessionPresent).toBe(false);
    expect(published).toEqual([]);
    expect(broker.disconnect('nobody', 'taken-over')).toBe(false);
  });
});

describe('time', () => {
  it('closes a connection that sends no CONNECT', async () => {
    const clock = new TestClock();
    const broker = startBroker({}, {}, { now: clock.now });
    const client = new TestClient(broker);
    await clock.advance(11);
    await client.closed;
    expect(broker.connectionCount).toBe(0);
  });

  it('closes a connection that sends its CONNECT byte by byte', async () => {
    const clock = new TestClock();
    const broker = startBroker({}, {}, { now: clock.now });
    const client = new TestClient(broker);
    client.write(Buffer.from([0x10]));
    await clock.advance(6);
    client.write(Buffer.from([0x20]));
    await clock.advance(6);
    await client.closed;
    expect(broker.connectionCount).toBe(0);
  });

  it('refuses when the authentication takes too long', async () => {
    const clock = new TestClock();
    const broker = startBroker({ authenticate: () => new Promise(() => {}) }, {}, { now: clock.now });
    const client = new TestClient(broker);
    client.sendConnect('c');
    await tick();
    await clock.advance(11);
    expect((await client.take(PacketType.CONNACK)).reasonCode).toBe(0x88);
    await client.closed;
  });

  it('ends a silent connection at one and a half times its keep alive [MQTT-3.1.2-22], 3.1.1 [MQTT-3.1.2-24]', async () => {
    const clock = new TestClock();
    const broker = startBroker({}, {}, { now: clock.now });
    const client = await TestClient.connect(broker, 'c', { keepAlive: 10 });
    await clock.advance(14.5);
    expect(client.isClosed).toBe(false);
    await clock.advance(1);
    await client.closed;
    expect(client.inbox).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: 0x8d }]);
  });

  it('takes every packet for a sign of life', async () => {
    const clock = new TestClock();
    const broker = startBroker({}, {}, { now: clock.now });
    const client = await TestClient.connect(broker, 'c', { keepAlive: 10 });
    for (let i = 0; i < 5; i++) {
      await clock.advance(12);
      await client.settle();
    }
    expect(client.isClosed).toBe(false);
  });

  it('lets a client without keep alive be', async () => {
    const clock = new TestClock();
    const broker = startBroker({}, {}, { now: clock.now });
    const client = await TestClient.connect(broker, 'c');
    await clock.advance(100_000);
    expect(await client.settle()).toEqual([]);
  });

  it('says its own keep alive in 5.0, and goes by it [MQTT-3.2.2-21]', async () => {
    const clock = new TestClock();
    const broker = startBroker({}, { maxKeepAlive: 20 }, { now: clock.now });
    const silent = await TestClient.connect(broker, 'none', { keepAlive: 0 });
    const long = await TestClient.connect(broker, 'long', { keepAlive: 120 });
    const short = await TestClient.connect(broker, 'short', { keepAlive: 10 });
    const old = await TestClient.connect(broker, 'old', { keepAlive: 120, version: 4 });
    const said = [silent, long, short].map(({ connack }) => connack?.properties?.serverKeepAlive);
    expect(said).toEqual([20, 20, undefined]);
    await clock.advance(31);
    expect([silent, long, short, old].map(({ isClosed }) => isClosed)).toEqual([true, true, true, false]);
  });
});

describe('stop', () => {
  it('says goodbye with its reason, sends no wills and leaves nothing open', async () => {
    const published: BrokerMessage[] = [];
    const broker = startBroker({ onPublish: (_, message) => (published.push(message), 'route') });
    const will = { topic: 'w', payload: Buffer.from('x'), qos: 0 as const, retain: false };
    const client = await TestClient.connect(broker, 'c', { will });
    const opening = new TestClient(broker);
    await broker.stop('shutting-down', 1000);
    expect(broker.connectionCount).toBe(0);
    await Promise.all([client.closed, opening.closed]);
    expect(client.inbox).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: 0x8b }]);
    expect(published).toEqual([]);
  });

  it('names another server where it is told to', async () => {
    const broker = startBroker();
    const [client, old] = await Promise.all([
      TestClient.connect(broker, 'c'),
      TestClient.connect(broker, 'old', { version: 4 }),
    ]);
    await broker.stop('use-another-server', 1000, undefined, 'b.example:1883');
    await Promise.all([client.closed, old.closed]);
    const properties = { serverReference: 'b.example:1883' };
    expect(client.inbox).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: 0x9c, properties }]);
    expect(old.inbox).toEqual([]);
  });

  it('does not wait beyond its deadline for those who do not go', async () => {
    const broker = startBroker();
    const client = await TestClient.connect(broker, 'c');
    client.stream.pause();
    const before = Date.now();
    await broker.stop('shutting-down', 50);
    expect(Date.now() - before).toBeLessThan(1000);
    expect(broker.connectionCount).toBe(0);
  });

  it('takes nobody in afterwards', async () => {
    const broker = startBroker();
    await broker.stop('shutting-down', 0);
    await new TestClient(broker).closed;
    expect(broker.connectionCount).toBe(0);
  });
});
