import { PacketType } from './codec/packets.js';
import type { BrokerLogger } from './hooks.js';
import { ReasonCode, reasonName } from './reason-codes.js';
import { BoundedLog } from './statistics/bounded-log.js';
import { startBroker, stopBrokers, TestClock } from './testing/test-broker.js';
import { TestClient } from './testing/test-client.js';

afterEach(stopBrokers);

type Line = [level: string, message: string, context: Record<string, unknown> | undefined];

function recorder(): { lines: Line[]; logger: BrokerLogger } {
  const lines: Line[] = [];
  const at =
    (level: string) =>
    (message: string, context?: Record<string, unknown>): void =>
      void lines.push([level, message, context]);
  return { lines, logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}

const refusing = () => ({ ok: false, reason: 'bad-credentials' }) as const;
const from = { address: '192.0.2.1', transport: 'tcp' };

describe('what is said of connections', () => {
  it('names client, peer, version and reason', async () => {
    const { lines, logger } = recorder();
    const broker = startBroker({}, {}, { logger });
    const client = await TestClient.connect(broker, 'c', { version: 4 });
    await client.leave();
    const other = await TestClient.connect(broker, 'd');
    broker.disconnect('d', 'administrative-action');
    await other.closed;
    const both = { clientId: 'c', ...from, protocolVersion: '3.1.1' };
    expect(lines).toEqual([
      ['debug', 'client connected', { ...both, sessionPresent: false }],
      [
        'debug',
        'client disconnected',
        { ...both, by: 'client', reasonCode: 0, reason: 'normal-disconnection', detail: 'disconnected' },
      ],
      ['debug', 'client connected', expect.objectContaining({ clientId: 'd', protocolVersion: '5.0' })],
      [
        'info',
        'client disconnected',
        expect.objectContaining({ clientId: 'd', by: 'server', reason: 'administrative-action' }),
      ],
    ]);
  });

  it('names also who is refused, and whence what is no MQTT comes', async () => {
    const { lines, logger } = recorder();
    const broker = startBroker({ authenticate: refusing }, {}, { logger });
    expect((await new TestClient(broker).open('c')).reasonCode).toBe(0x86);
    const stranger = new TestClient(broker);
    stranger.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await stranger.closed;
    const reason = { by: 'server', reasonCode: 0x86, reason: 'bad-user-name-or-password' };
    expect(lines).toEqual([
      ['info', 'connection refused', expect.objectContaining({ clientId: 'c', ...from, ...reason })],
      [
        'info',
        'connection refused',
        { ...from, by: 'server', reasonCode: 0x82, reason: 'protocol-error', detail: expect.any(String) },
      ],
    ]);
  });

  it('takes nothing from a client identifier that would forge or hide a line', async () => {
    const { lines, logger } = recorder();
    const broker = startBroker({ authenticate: refusing }, {}, { logger });
    await new TestClient(broker).open('a\u009b31m\u202eb\u2028');
    await new TestClient(broker).open('x'.repeat(1000));
    expect(lines.map(([, , context]) => context?.clientId)).toEqual([
      'a\\u{9b}31m\\u{202e}b\\u{2028}',
      `${'x'.repeat(128)}…`,
    ]);
  });

  it('does not fill the log: what is too much is counted', () => {
    const { lines, logger } = recorder();
    const clock = new TestClock();
    const log = new BoundedLog(logger, clock.now);
    for (let i = 0; i < 150; i++) log.info('refused', { i });
    expect(lines.filter(([level]) => level === 'info')).toHaveLength(100);
    expect(lines.filter(([level]) => level === 'debug')).toHaveLength(50);
    clock.time += 100;
    log.info('refused', { i: 150 });
    log.info('refused', { i: 151 });
    clock.time += 1_000_000;
    log.warn('refused', { i: 152 });
    const told = lines.filter(([level]) => level !== 'debug').slice(100);
    expect(told).toEqual([
      ['info', 'refused', { i: 150, unlogged: 50 }],
      ['warn', 'refused', { i: 152, unlogged: 1 }],
    ]);
  });

  it.each([
    [ReasonCode.Success, 'success'],
    [ReasonCode.QoSNotSupported, 'qos-not-supported'],
    [ReasonCode.KeepAliveTimeout, 'keep-alive-timeout'],
    [0x77, '0x77'],
  ])('calls reason code %i %s', (reasonCode, name) => {
    expect(reasonName(reasonCode)).toBe(name);
  });
});

describe('what is counted of connections', () => {
  it('are refusals and departures, by their reasons', async () => {
    const clock = new TestClock();
    const authenticate = ({ clientId }: { clientId: string }) =>
      clientId === 'bad' ? refusing() : ({ ok: true, principal: clientId } as const);
    const broker = startBroker({ authenticate }, { maxConnections: 3 }, { now: clock.now });
    for (let i = 0; i < 2; i++) await new TestClient(broker).open('bad');
    await (await TestClient.connect(broker, 'a')).leave();
    await (await TestClient.connect(broker, 'b')).leave(0x04);
    await (await TestClient.connect(broker, 'c')).vanish();
    const silent = await TestClient.connect(broker, 'd', { keepAlive: 1 });
    await clock.advance(2);
    await silent.closed;
    const { traffic } = broker.statistics;
    expect([...traffic.refusals]).toEqual([[0x86, 2]]);
    expect(traffic.departures).toEqual({
      client: new Map([
        [0x00, 1],
        [0x04, 1],
      ]),
      network: new Map([[0x80, 1]]),
      server: new Map([[0x8d, 1]]),
    });
  });

  it('are connections that were turned away for want of room', async () => {
    const { lines, logger } = recorder();
    const broker = startBroker({}, { maxConnections: 1 }, { logger });
    await TestClient.connect(broker, 'a');
    const late = new TestClient(broker);
    expect((await late.open('b')).reasonCode).toBe(0x97);
    const waiting = new TestClient(broker);
    const destroyed = new TestClient(broker);
    await destroyed.closed;
    expect(broker.statistics.traffic.refusals.get(0x97)).toBe(2);
    expect(lines.at(-1)).toEqual([
      'info',
      'connection refused',
      { ...from, reasonCode: 0x97, reason: 'quota-exceeded', detail: 'too many connections' },
    ]);
    await waiting.vanish();
  });

  it('are publications that were lost, by the bound that took them', async () => {
    const clock = new TestClock();
    const broker = startBroker({}, { maxQueuedMessages: 1, maxInflight: 1 }, { now: clock.now });
    const reader = await TestClient.connect(broker, 'r', { properties: { maximumPacketSize: 60 } });
    await reader.subscribe('a', { qos: 1 });
    const writer = await TestClient.connect(broker, 'w');
    const say = async (payload: string, properties = {}): Promise<void> => {
      writer.publish('a', payload, { qos: 1, packetId: 1, properties });
      await writer.take(PacketType.PUBACK);
    };
    await say('x'.repeat(100));
    await say('one');
    const { packetId } = await reader.takePublish();
    await say('two');
    await say('six', { messageExpiryInterval: 1 });
    await clock.advance(2);
    reader.acknowledge(PacketType.PUBACK, packetId);
    await reader.settle();
    expect(broker.statistics.traffic).toMatchObject({
      publishDropped: 3,
      drops: { 'too-large': 1, 'queue-full': 1, expired: 1, 'not-reading': 0 },
    });
  });
});
