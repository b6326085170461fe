import { Controller, type INestMicroservice } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  ClientRedisStreams,
  DeadLetters,
  RedisStreamsContext,
  ServerRedisStreams,
  StreamController,
  StreamHandler,
  type StreamBinding,
  type StreamEntry,
} from '@carillon/queue';
import { testStore, type TestStore } from '@carillon/testing';
import { lastValueFrom, Observable, timer } from 'rxjs';
import { Deferred } from '../support/deferred.js';
import { until } from '../support/until.js';

/** The strategy for `@nestjs/microservices`, in an application as small as can be. */
const GROUP = 'workers';

let test: TestStore;
let app: INestMicroservice;
let client: ClientRedisStreams;
const gate = new Deferred();
const seen: Record<string, { payload: unknown; entry: StreamEntry }[]> = { promise: [], observable: [] };
let failWith: Error | undefined;

@StreamController()
class Work {
  @StreamHandler('intake')
  async promise(@Payload() payload: unknown, @Ctx() { entry }: RedisStreamsContext): Promise<void> {
    seen.promise!.push({ payload, entry });
    if (failWith) throw failWith;
    await gate.promise;
  }

  /** The work is done when the observable completes. */
  @StreamHandler('fan-out')
  observable(@Payload() payload: unknown, @Ctx() { entry }: RedisStreamsContext): Observable<number> {
    return new Observable((subscriber) => {
      const inner = timer(0, 20).subscribe((n) => {
        subscriber.next(n);
        if (n < 5) return;
        seen.observable!.push({ payload, entry });
        subscriber.complete();
      });
      return () => inner.unsubscribe();
    });
  }
}

const json = (data: string): unknown => JSON.parse(data);
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

function strategy(bindings: Record<string, StreamBinding>): ServerRedisStreams {
  const { store, connect } = test;
  const consumer = 'this one';
  return new ServerRedisStreams({
    client: store.client,
    connect,
    group: GROUP,
    consumer,
    bindings,
    logger: quiet,
    reclaimAfterMs: 150,
  });
}

beforeAll(async () => {
  test = testStore(4, 2);
  const { keys } = test.store;
  const module = await Test.createTestingModule({ controllers: [Work] }).compile();
  app = module.createNestMicroservice({
    logger: false,
    strategy: strategy({
      intake: { keys: [keys.intake(0), keys.intake(1)], parse: json, settings: { maxDeliveries: 2 } },
      'fan-out': { keys: [keys.fanOut(0)], parse: json },
    }),
  });
  await app.listen();
  client = new ClientRedisStreams({
    client: test.store.client,
    keyFor: (pattern, data) =>
      pattern === 'intake' ? keys.intake((data as { lane: number }).lane) : keys.fanOut(0),
  });
});
afterAll(async () => {
  await app.close();
  await test.close();
});

const emit = (pattern: string, data: unknown) => lastValueFrom(client.emit(pattern, data));
const left = async (key: string) => {
  const { client: redis } = test.store;
  return { length: await redis.xlen(key), pending: ((await redis.xpending(key, GROUP)) as [number])[0] };
};
const DONE = { length: 0, pending: 0 };
const done = (key: string) =>
  until(
    key,
    () => left(key),
    ({ length, pending }) => length + pending === 0,
  );

it('gives a handler the event and its entry, and acknowledges when the promise is fulfilled', async () => {
  const key = test.store.keys.intake(1);
  const id = await emit('intake', { lane: 1, text: 'häßlich “✓”' });
  await until('the handler begins', () => seen.promise!.length === 1);
  expect(seen.promise![0]!.payload).toEqual({ lane: 1, text: 'häßlich “✓”' });
  expect(seen.promise![0]!.entry).toMatchObject({ stream: key, id, deliveries: 1 });
  expect(await left(key)).toEqual({ length: 1, pending: 1 });
  gate.resolve();
  await done(key);
});

it('acknowledges when an observable has completed, not when it first emits', async () => {
  const key = test.store.keys.fanOut(0);
  await emit('fan-out', { n: 1 });
  const lengths = new Set<number>();
  while (seen.observable!.length === 0) {
    const { length } = await left(key);
    if (seen.observable!.length === 0) lengths.add(length);
  }
  expect([...lengths]).toEqual([1]);
  await done(key);
  expect(seen.observable).toHaveLength(1);
});

it('keeps what a handler threw as it was thrown: pending, tried again, a dead letter in the end', async () => {
  const key = test.store.keys.intake(0);
  const letters = new DeadLetters(test.store.client);
  seen.promise = [];
  failWith = new TypeError('cannot read the map');
  await emit('intake', { lane: 0 });
  const [letter] = await until(
    'the dead letter',
    () => letters.list(key, 1),
    (found) => found.length === 1,
  );
  failWith = undefined;
  expect(letter).toMatchObject({ reason: 'cannot read the map', deliveries: 2, data: '{"lane":0}' });
  expect(seen.promise.map(({ entry }) => entry.deliveries)).toEqual([1, 2]);
  expect(await left(key)).toEqual(DONE);
});

it('buries what no handler can read', async () => {
  const key = test.store.keys.intake(0);
  await test.store.client.xadd(key, '*', 'd', '{"cut off');
  const letters = new DeadLetters(test.store.client);
  const found = await until(
    'the dead letter',
    () => letters.list(key, 10),
    (all) => all.some(({ data }) => data === '{"cut off'),
  );
  expect(found.at(-1)!.reason).toMatch(/JSON/);
});

it('gives no replies, and says so', async () => {
  await expect(lastValueFrom(client.send('intake', { lane: 0 }))).rejects.toThrow(/use emit\(\)/);
});

it('tells the sender when an event could not be written', async () => {
  const key = test.store.keys.intake(0);
  await done(key);
  await test.store.client.del(key);
  await test.store.client.set(key, 'not a stream');
  await expect(emit('intake', { lane: 0 })).rejects.toThrow(/WRONGTYPE/);
  await test.store.client.del(key);
});

it('refuses to start with a handler that no stream is bound to', async () => {
  @Controller()
  class Lost {
    @MessagePattern('somewhere')
    handle(): void {
      // Never reached.
    }
  }
  const module = await Test.createTestingModule({ controllers: [Lost] }).compile();
  const lost = module.createNestMicroservice({ logger: false, strategy: strategy({}) });
  await expect(lost.listen()).rejects.toThrow(/no stream is bound to the pattern "somewhere"/);
  await lost.close();
});
