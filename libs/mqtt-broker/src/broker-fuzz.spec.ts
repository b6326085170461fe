import type { MqttBroker } from './broker.js';
import { encodePacket } from './codec/encoder.js';
import { failureFixtures, packetFixtures } from './codec/fixtures/index.js';
import { PacketType, type ProtocolVersion } from './codec/packets.js';
import type { BrokerLogger } from './hooks.js';
import { mutateStream } from './testing/mutations.js';
import { SeededRandom } from './testing/seeded-random.js';
import { startBroker, stopBrokers } from './testing/test-broker.js';
import { TestClient, tick } from './testing/test-client.js';

const STREAMS = 100_000;
const AT_ONCE = 250;

/** A logger that keeps what must not happen: a handler or hook that failed. */
function failures(): { logger: BrokerLogger; errors: unknown[] } {
  const errors: unknown[] = [];
  const quiet = (): void => {};
  const error = (message: string, context?: Record<string, unknown>): number =>
    errors.push([message, context]);
  return { logger: { debug: quiet, info: quiet, warn: quiet, error }, errors };
}

function connect(version: ProtocolVersion, clientId: string): Buffer {
  const type = PacketType.CONNECT;
  return encodePacket({ type, protocolVersion: version, clean: true, keepAlive: 0, clientId }, version);
}

/** Small fixtures of a version, good and bad, by which to damage streams. */
function material(version: ProtocolVersion): Buffer[] {
  return [...packetFixtures, ...failureFixtures]
    .filter((fixture) => fixture.version === version && fixture.bytes.length < 300)
    .map(({ bytes }) => bytes);
}

/** Plays one damaged stream, half of them after a proper CONNECT, and hangs up. */
async function play(broker: MqttBroker, stream: Buffer, version: ProtocolVersion, id: number): Promise<void> {
  const client = new TestClient(broker, version);
  // A mutated CONNECT may have changed the version of what comes back: that is not read.
  client.stream.removeAllListeners('data').resume();
  if (id % 2 === 0) client.write(connect(version, `fuzz-${id % 50}`));
  if (stream.length > 0) client.write(stream);
  await tick(2);
  client.stream.destroy();
}

describe(`${STREAMS} damaged streams`, () => {
  afterAll(stopBrokers);

  it('crash nothing, leak nothing and leave the healthy client beside them alone', async () => {
    const { logger, errors } = failures();
    const limits = { sessionExpiryMax: 0, maxRetainedMessages: 100 };
    const broker = startBroker({}, limits, { logger });
    const healthy = await TestClient.connect(broker, 'healthy');
    await healthy.subscribe('health/of/one', { qos: 1 });
    const random = new SeededRandom(20_260_101);
    const versions = ([3, 4, 5] as const).map((version) => ({ version, packets: material(version) }));
    for (let done = 0; done < STREAMS; done += AT_ONCE) {
      const batch = Array.from({ length: AT_ONCE }, (_, i) => {
        const { version, packets } = versions[(done + i) % 3]!;
        return play(broker, mutateStream(packets, random), version, done + i);
      });
      await Promise.all(batch);
      if (done % 10_000 === 0) await checkHealth(broker, healthy, done);
    }
    await tick(10);
    expect(errors).toEqual([]);
    expect(broker.statistics).toMatchObject({
      connections: 1,
      sessions: 1,
      subscriptions: 1,
      queuedBytes: 0,
    });
    expect(healthy.isClosed).toBe(false);
  }, 120_000);
});

async function checkHealth(broker: MqttBroker, healthy: TestClient, round: number): Promise<void> {
  broker.publish({ topic: 'health/of/one', payload: Buffer.from(`${round}`), qos: 1, retain: false });
  const { payload, packetId } = await healthy.takePublish();
  expect(payload.toString()).toBe(`${round}`);
  healthy.acknowledge(PacketType.PUBACK, packetId);
}
