import {
  failureFixtures,
  framingFailures,
  packetFixtures,
  type FailureFixture,
} from './codec/fixtures/index.js';
import { PacketType, type Packet } from './codec/packets.js';
import type { MqttBroker } from './broker.js';
import { startBroker, stopBrokers } from './testing/test-broker.js';
import { TestClient } from './testing/test-client.js';

interface Word {
  type: number;
  reasonCode: number;
}

/** Type and reason code of the last packet before the connection closed, if any. */
async function lastWord(client: TestClient): Promise<Word | undefined> {
  await client.closed;
  const packet = client.inbox.at(-1);
  return packet && { type: packet.type, reasonCode: 'reasonCode' in packet ? packet.reasonCode : 0 };
}

/** 5.0 says why it closes; 3.x has no words for it. */
function farewell(version: number, reasonCode: number): Word | undefined {
  return version === 5 ? { type: PacketType.DISCONNECT, reasonCode } : undefined;
}

/** A CONNACK, if the version could be read; 3.x has a return code for a wrong version alone. */
function refusal({ name, version, reasonCode }: FailureFixture): Word | undefined {
  if (name.includes('flags in the fixed header')) return undefined;
  if (version === 5) return { type: PacketType.CONNACK, reasonCode };
  return reasonCode === 0x84 ? { type: PacketType.CONNACK, reasonCode: 1 } : undefined;
}

describe('malformed input ends its connection alone, with the reason', () => {
  let broker: MqttBroker;
  let healthy: TestClient;

  beforeAll(async () => {
    broker = startBroker();
    healthy = await TestClient.connect(broker, 'healthy');
    await healthy.subscribe('health');
  });

  afterAll(stopBrokers);

  const fromClients = [...failureFixtures, ...framingFailures].filter(({ from }) => from !== 'server');
  const connects = fromClients.filter(({ name }) => /^(CONNECT|WILL) /.test(name));
  const others = fromClients.filter((fixture) => !connects.includes(fixture));

  describe('as the first packet', () => {
    it.each(connects.map((fixture) => [fixture.name, fixture.version, fixture] as const))(
      '%s (level %i)',
      async (_, version, fixture) => {
        const client = new TestClient(broker, version);
        client.write(fixture.bytes);
        expect(await lastWord(client)).toEqual(refusal(fixture));
      },
    );
  });

  describe('after CONNECT', () => {
    it.each(others.map((fixture) => [fixture.name, fixture.version, fixture] as const))(
      '%s (level %i)',
      async (_, version, { bytes, reasonCode }) => {
        const client = await TestClient.connect(broker, '', { version, clientId: `bad-${version}` });
        client.write(bytes);
        expect(await lastWord(client)).toEqual(farewell(version, reasonCode));
      },
    );
  });

  describe('packets of a server', () => {
    const servers = packetFixtures.filter(
      ({ from, packet }) => from === 'server' && packet.type !== PacketType.PUBLISH,
    );
    it.each(servers.map((fixture) => [fixture.name, fixture.version, fixture] as const))(
      '%s (level %i)',
      async (_, version, { bytes }) => {
        const client = await TestClient.connect(broker, `server-${version}`, { version });
        client.write(bytes);
        expect(await lastWord(client)).toEqual(farewell(version, 0x82));
      },
    );
  });

  it('a first packet that is no CONNECT closes the connection', async () => {
    const client = new TestClient(broker, 5);
    client.send({ type: PacketType.PINGREQ });
    expect(await lastWord(client)).toBeUndefined();
  });

  it('garbage closes the connection', async () => {
    const client = new TestClient(broker, 5);
    client.write(Buffer.from('GET / HTTP/1.1\r\nHost: broker\r\n\r\n'));
    expect(await lastWord(client)).toBeUndefined();
  });

  it('a second CONNECT is a protocol error', async () => {
    const client = await TestClient.connect(broker, 'twice');
    client.sendConnect('twice');
    expect(await lastWord(client)).toEqual(farewell(5, 0x82));
  });

  it('a CONNECT above the bound is refused before it is complete', async () => {
    const client = new TestClient(broker, 5);
    client.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]));
    expect(await lastWord(client)).toBeUndefined();
  });

  it('left the healthy client beside them alone', async () => {
    healthy.publish('health', 'still here');
    expect((await healthy.takePublish()).payload.toString()).toBe('still here');
  });
});

describe('well-formed packets of clients', () => {
  let broker: MqttBroker;

  beforeAll(() => {
    broker = startBroker();
  });
  afterAll(stopBrokers);

  const connects = packetFixtures.filter(({ packet }) => packet.type === PacketType.CONNECT);
  it.each(connects.map((fixture) => [fixture.name, fixture.version, fixture] as const))(
    '%s (level %i) is answered',
    async (_, version, { bytes, packet }) => {
      const client = new TestClient(broker, version);
      client.write(bytes);
      const answer = await client.take(PacketType.CONNACK).catch(() => undefined);
      expect(answer?.reasonCode).toBe(expectedAnswer(packet));
      client.stream.destroy();
    },
  );

  const others = packetFixtures.filter(
    ({ from, packet }) => from !== 'server' && packet.type !== PacketType.CONNECT && !needsMore(packet),
  );
  it.each(others.map((fixture) => [fixture.name, fixture.version, fixture] as const))(
    '%s (level %i) leaves the connection alone',
    async (_, version, { bytes }) => {
      const client = await TestClient.connect(broker, `good-${version}`, { version });
      client.write(bytes);
      await client.settle();
      expect(client.isClosed).toBe(false);
      await client.vanish();
    },
  );
});

/** No method of enhanced authentication is there (0x8c); 3.x wants an identifier for a session that lasts, 3.1 always. */
function expectedAnswer(packet: Packet): number | undefined {
  if (packet.type !== PacketType.CONNECT) throw new Error('no CONNECT');
  if (packet.properties?.maximumPacketSize === 1) return undefined; // not even that is allowed
  if (packet.properties?.authenticationMethod !== undefined) return 0x8c;
  return packet.clientId === '' && packet.protocolVersion === 3 ? 2 : 0;
}

/** Ends the connection by its meaning, or needs something that came before. */
function needsMore(packet: Packet): boolean {
  if (packet.type === PacketType.DISCONNECT || packet.type === PacketType.AUTH) return true;
  if (packet.type !== PacketType.PUBLISH) return false;
  const { topicAlias = 0, subscriptionIdentifiers } = packet.properties ?? {};
  return subscriptionIdentifiers !== undefined || topicAlias > 32 || packet.topic === '';
}
