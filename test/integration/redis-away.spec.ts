import { DispatchReader } from '@carillon/persistence';
import { StreamConsumer } from '@carillon/queue';
import type { RedisClient } from '@carillon/redis';
import { testRedisUrl, testStore, type TestStore } from '@carillon/testing';
import { CuttableLine } from '../support/cuttable-line.js';
import { until } from '../support/until.js';

let line: CuttableLine;
let test: TestStore;
let blocking: RedisClient;
beforeEach(async () => {
  line = await CuttableLine.to(testRedisUrl());
  test = testStore(1, 1, [`redis://127.0.0.1:${line.port}`]);
});
afterEach(() => test.close());

const connect = (): RedisClient => (blocking = test.connect());

/** Until what is asked of the blocking connection waits for a Redis that does not come back. */
async function loseRedis(): Promise<void> {
  await until('it reads', () => blocking.status === 'ready');
  line.close();
  await until('it waits to connect again', () => blocking.status === 'reconnecting');
}

it('a reader of dispatches stops while Redis is away', async () => {
  const reader = new DispatchReader({
    store: test.store,
    edgeId: 'e1',
    connect,
    onMessages: () => undefined,
    onError: () => undefined,
  });
  await reader.start();
  await loseRedis();
  expect(await reader.stop()).toBeUndefined();
}, 10_000);

it('a consumer of streams stops while Redis is away', async () => {
  const consumer = new StreamConsumer({
    client: test.store.client,
    connect,
    streams: [test.store.keys.dispatch('e1')],
    group: 'g',
    consumer: 'c',
    handler: () => Promise.resolve(),
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  await consumer.start();
  await loseRedis();
  expect(await consumer.stop()).toBeUndefined();
}, 10_000);
