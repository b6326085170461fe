import {
  ClientRedisStreams,
  DeadLetters,
  StreamConsumer,
  type StreamConsumerOptions,
  type StreamEntry,
  StreamFullError,
} from '@carillon/queue';
import type { RedisClient } from '@carillon/redis';
import { testStore, type TestStore } from '@carillon/testing';
import { lastValueFrom } from 'rxjs';
import { Deferred } from '../support/deferred.js';
import { until } from '../support/until.js';

/** The work streams on a real Redis: what was appended is worked on until a handler has done it. */
const GROUP = 'workers';
const RECLAIM_MS = 150;

let test: TestStore;
beforeAll(() => {
  test = testStore();
});
afterAll(() => test.close());

let serial = 0;
const newStream = (): string => `${test.store.keys.intake(0)}-${++serial}`;
const redis = (): RedisClient => test.store.client;

const running: StreamConsumer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((consumer) => consumer.stop(0)));
});

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

async function consume(
  streams: string | string[],
  handler: StreamConsumerOptions['handler'],
  options: Partial<StreamConsumerOptions> = {},
): Promise<StreamConsumer> {
  const consumer = new StreamConsumer({
    client: redis(),
    connect: test.connect,
    streams: [streams].flat(),
    group: GROUP,
    consumer: `consumer-${++serial}`,
    handler,
    logger: quiet,
    reclaimAfterMs: RECLAIM_MS,
    ...options,
  });
  await consumer.start();
  running.push(consumer);
  return consumer;
}

const add = (stream: string, data: string) => redis().xadd(stream, '*', 'd', data);
const pending = async (stream: string) => ((await redis().xpending(stream, GROUP)) as [number])[0];
const state = async (stream: string) => ({
  length: await redis().xlen(stream),
  pending: await pending(stream),
});
const DONE = { length: 0, pending: 0 };
const done = (stream: string) =>
  until(
    `${stream} is worked off`,
    () => state(stream),
    ({ length, pending: open }) => length === 0 && open === 0,
  );

/** Entries that a consumer read and then died with. */
async function leaveBehind(stream: string, data: readonly string[], deliveries = 1): Promise<void> {
  for (const each of data) await add(stream, each);
  await redis().xgroup('CREATE', stream, GROUP, '0');
  const reply = (await redis().xreadgroup(
    ...(['GROUP', GROUP, 'dead', 'COUNT', 100, 'STREAMS', stream, '>'] as const),
  )) as [string, [string, string[]][]][];
  for (const [id] of reply[0]![1])
    await redis().call('XCLAIM', stream, GROUP, 'dead', 0, id, 'RETRYCOUNT', deliveries);
}

describe('a consumer of a process that is gone', () => {
  const names = async (stream: string): Promise<string[]> => {
    const found = (await redis().xinfo('CONSUMERS', stream, GROUP)) as [string, string, ...unknown[]][];
    return found.map(([, name]) => name);
  };

  it('is forgotten once what it had begun is done by another', async () => {
    const stream = newStream();
    await leaveBehind(stream, ['one']);
    await redis().xgroup('CREATECONSUMER', stream, GROUP, 'idle');
    const work = new Deferred();
    await consume(stream, () => work.promise, { forgetAfterMs: 200 });
    await until(
      'the idle one is forgotten',
      () => names(stream),
      (left) => !left.includes('idle'),
    );
    work.resolve();
    await done(stream);
    await until(
      'the dead one is forgotten',
      () => names(stream),
      (left) => !left.includes('dead'),
    );
    expect(await state(stream)).toEqual(DONE);
  });

  it('stays while it has something pending: with it the entry would be lost', async () => {
    const stream = newStream();
    await leaveBehind(stream, ['one']);
    const seen: string[] = [];
    const note = async ({ data }: StreamEntry): Promise<void> => void seen.push(data);
    await consume(stream, note, { forgetAfterMs: 50, reclaimAfterMs: 1_500 });
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await names(stream)).toContain('dead');
    await done(stream);
    expect(seen).toEqual(['one']);
  });
});

describe('an entry', () => {
  it('is acknowledged and deleted after the work on it, not before', async () => {
    const stream = newStream();
    const work = new Deferred();
    const begun = new Deferred<StreamEntry>();
    await consume(stream, (entry) => {
      begun.resolve(entry);
      return work.promise;
    });
    await add(stream, 'one');
    expect(await begun.promise).toMatchObject({ stream, data: 'one', deliveries: 1 });
    expect(await state(stream)).toEqual({ length: 1, pending: 1 });
    work.resolve();
    await done(stream);
  });

  it('that failed stays pending and comes again, with the number of the delivery', async () => {
    const stream = newStream();
    const deliveries: number[] = [];
    const atSecond: object[] = [];
    await consume(stream, async (entry) => {
      deliveries.push(entry.deliveries);
      if (entry.deliveries === 1) throw new Error('not now');
      atSecond.push(await state(stream));
    });
    await add(stream, 'one');
    await until('the second delivery', () => atSecond.length === 1);
    await done(stream);
    expect(deliveries).toEqual([1, 2]);
    expect(atSecond).toEqual([{ length: 1, pending: 1 }]);
  });

  it('waits where it is while Redis itself cannot be worked with, however often', async () => {
    const stream = newStream();
    const tries: number[] = [];
    await consume(
      stream,
      async ({ deliveries }) => {
        tries.push(deliveries);
        if (tries.length < 4) throw new Error("OOM command not allowed when used memory > 'maxmemory'.");
      },
      { maxDeliveries: 2 },
    );
    await add(stream, '{"n":1}');
    await done(stream);
    expect(tries).toEqual([1, 1, 1, 1]);
    expect(await new DeadLetters(redis()).list(stream, 10)).toEqual([]);
  });

  it('of which the handler throws before it has even begun is a failure like any other', async () => {
    const stream = newStream();
    const seen: string[] = [];
    await consume(stream, ({ data, deliveries }) => {
      if (data === 'bad' && deliveries === 1) throw new Error('thrown, not rejected');
      seen.push(data);
      return Promise.resolve();
    });
    await Promise.all([add(stream, 'bad'), add(stream, 'good')]);
    await until('both', () => seen.length === 2);
    await done(stream);
    expect(seen).toEqual(['good', 'bad']);
  });

  it('is not lost to the others of its group: each is handled by one consumer', async () => {
    const stream = newStream();
    const seen: string[] = [];
    const handler = ({ data }: StreamEntry) => {
      seen.push(data);
      return Promise.resolve();
    };
    await Promise.all([consume(stream, handler), consume(stream, handler), consume(stream, handler)]);
    const sent = Array.from({ length: 300 }, (_, i) => String(i));
    await Promise.all(sent.map((data) => add(stream, data)));
    await until('all', () => seen.length >= 300);
    await done(stream);
    expect(seen.map(Number).sort((a, b) => a - b)).toEqual(sent.map(Number));
  });

  it('that was appended before there was a consumer is read', async () => {
    const stream = newStream();
    await add(stream, 'early');
    const seen: string[] = [];
    await consume(stream, async ({ data }) => void seen.push(data));
    await done(stream);
    expect(seen).toEqual(['early']);
  });
});

describe('take-over', () => {
  it('of what a dead consumer had read', async () => {
    const stream = newStream();
    await leaveBehind(stream, ['a', 'b']);
    const seen: StreamEntry[] = [];
    await consume(stream, async (entry) => void seen.push(entry));
    await done(stream);
    expect(seen.map(({ data, deliveries }) => [data, deliveries])).toEqual([
      ['a', 2],
      ['b', 2],
    ]);
  });

  it('leaves alone what its consumer is still at work on, however long', async () => {
    const stream = newStream();
    const work = new Deferred();
    let longRuns = 0;
    let shortRuns = 0;
    const handler = async ({ data, deliveries }: StreamEntry) => {
      if (data === 'long') {
        longRuns++;
        return work.promise;
      }
      shortRuns = deliveries;
      throw new Error('again');
    };
    await Promise.all([consume(stream, handler), consume(stream, handler)]);
    await add(stream, 'long');
    await until('the long one begins', () => longRuns === 1);
    await add(stream, 'short');
    // By now everything that nobody touches has been taken over several times.
    await until('the fifth attempt at the short one', () => shortRuns >= 5);
    expect(longRuns).toBe(1);
    expect(await state(stream)).toEqual({ length: 2, pending: 2 });
    work.resolve();
    await until('the long one is acknowledged', async () => (await redis().xlen(stream)) === 1);
  });

  it('leaves alone what was read and waits for its turn behind work that takes long', async () => {
    const [stream, clock] = [newStream(), newStream()];
    await leaveBehind(stream, ['long']);
    const work = new Deferred();
    const runs: string[] = [];
    const handler = async ({ data }: StreamEntry) => {
      runs.push(data);
      if (data === 'long') await work.promise;
    };
    // The read waits with room for one when that one is taken over.
    await consume(stream, handler, { concurrency: 1 });
    await until('the long one begins', () => runs.length === 1);
    await add(stream, 'waiting');
    await until('the other one is read', async () => (await pending(stream)) === 2);
    await consume(stream, handler);
    let attempts = 0;
    await consume(clock, async ({ deliveries }) => {
      attempts = deliveries;
      throw new Error('again');
    });
    await add(clock, 'tick');
    await until('four times the reclaim time', () => attempts >= 5);
    expect(runs).toEqual(['long']);
    work.resolve();
    await done(stream);
    expect(runs).toEqual(['long', 'waiting']);
  });
});

describe('dead letters', () => {
  const letters = () => new DeadLetters(redis());

  it('take what failed too often, with the reason and the number of attempts, and it can be replayed', async () => {
    const stream = newStream();
    let broken = true;
    const deliveries: number[] = [];
    await consume(
      stream,
      async (entry) => {
        deliveries.push(entry.deliveries);
        if (broken) throw new Error('no such table');
      },
      { maxDeliveries: 3 },
    );
    const before = Date.now();
    await add(stream, '{"n":1}');
    const [letter] = await until(
      'the dead letter',
      () => letters().list(stream, 10),
      (found) => found.length === 1,
    );
    expect(letter).toMatchObject({ stream, data: '{"n":1}', reason: 'no such table', deliveries: 3 });
    expect(letter!.at).toBeGreaterThanOrEqual(before);
    expect(await state(stream)).toEqual(DONE);
    expect(deliveries).toEqual([1, 2, 3]);

    broken = false;
    expect(await letters().replay(stream, letter!.id)).toBe(true);
    await until('the replayed one', () => deliveries.length === 4);
    await done(stream);
    expect(deliveries[3]).toBe(1);
    expect(await letters().list(stream, 10)).toEqual([]);
    expect(await letters().replay(stream, letter!.id)).toBe(false);
  });

  it('say why, whichever of several consumers it failed at last', async () => {
    const stream = newStream();
    const failing = (name: string) => async () => Promise.reject(new Error(`refused by ${name}`));
    await consume(stream, failing('A'), { maxDeliveries: 3 });
    await consume(stream, failing('B'), { maxDeliveries: 3 });
    for (let i = 0; i < 20; i++) await add(stream, String(i));
    const found = await until(
      'the dead letters',
      () => letters().list(stream, 100),
      (all) => all.length === 20,
    );
    for (const { reason } of found) expect(reason).toMatch(/^refused by [AB]$/);
    expect(await state(stream)).toEqual(DONE);
  });

  it('take what every consumer died at', async () => {
    const stream = newStream();
    await leaveBehind(stream, ['poison'], 3);
    const seen: StreamEntry[] = [];
    await consume(stream, async (entry) => void seen.push(entry), { maxDeliveries: 3 });
    const [letter] = await until(
      'the dead letter',
      () => letters().list(stream, 10),
      (found) => found.length === 1,
    );
    expect(letter).toMatchObject({ data: 'poison', reason: 'its consumer died each time', deliveries: 3 });
    expect(seen).toEqual([]);
    expect(await state(stream)).toEqual(DONE);
  });

  it('are listed by stream, however many another one has', async () => {
    const [loud, rare] = [newStream(), newStream()];
    const handler = () => Promise.reject(new Error('never'));
    await consume([loud, rare], handler, { maxDeliveries: 1, concurrency: 500 });
    await Promise.all(Array.from({ length: 250 }, (_, i) => add(loud, String(i))));
    await until(
      'the loud ones',
      () => letters().list(loud, 1_000),
      (found) => found.length === 250,
    );
    await add(rare, 'the one');
    const found = await until(
      'the rare one',
      () => letters().list(rare, 10),
      (all) => all.length > 0,
    );
    expect(found.map(({ data }) => data)).toEqual(['the one']);
    expect(await letters().list(loud, 7)).toHaveLength(7);
  });
});

it('takes no more than a stream may hold, and says so', async () => {
  const stream = newStream();
  const events = new ClientRedisStreams({ client: redis(), keyFor: () => stream, maxLength: 2 });
  const emit = () => lastValueFrom(events.emit('device-events', { n: 1 }), { defaultValue: undefined });
  await emit();
  await emit();
  await expect(emit()).rejects.toThrow(StreamFullError);
  expect(await redis().xlen(stream)).toBe(2);
});

describe('stop()', () => {
  it('waits for the work under way and acknowledges it; what comes later is for others', async () => {
    const stream = newStream();
    const work = new Deferred();
    const begun: string[] = [];
    const name = `reader-of-${serial}`;
    const connect = () => {
      const connection = test.connect();
      void connection.call('CLIENT', 'SETNAME', name);
      return connection;
    };
    const handler = ({ data }: StreamEntry) => {
      begun.push(data);
      return work.promise;
    };
    const consumer = await consume(stream, handler, { connect });
    await add(stream, 'under way');
    await until('it begins', () => begun.length === 1);
    let stopped = false;
    const stopping = consumer.stop().then(() => (stopped = true));
    await until(
      'the reader has gone',
      () => redis().call('CLIENT', 'LIST') as Promise<string>,
      (list) => !list.includes(name),
    );
    await add(stream, 'later');
    expect(await state(stream)).toEqual({ length: 2, pending: 1 });
    expect(stopped).toBe(false);
    work.resolve();
    await stopping;
    expect(await state(stream)).toEqual({ length: 1, pending: 0 });
    expect(begun).toEqual(['under way']);

    await consume(stream, async ({ data }) => void begun.push(data));
    await done(stream);
    expect(begun).toEqual(['under way', 'later']);
  });

  it('does not wait for ever for work that never ends', async () => {
    const stream = newStream();
    const begun = new Deferred();
    const consumer = await consume(stream, () => {
      begun.resolve();
      return new Promise(() => undefined);
    });
    await add(stream, 'stuck');
    await begun.promise;
    await consumer.stop(50);
    expect(await state(stream)).toEqual({ length: 1, pending: 1 });
  });

  it('begins nothing afterwards, though a take-over was under way', async () => {
    const stream = newStream();
    await leaveBehind(stream, ['left behind']);
    const asked = new Deferred();
    const answer = new Deferred();
    const client = new Proxy(redis(), {
      get: (target, name) => {
        if (name !== 'xpending') return Reflect.get(target, name, target) as unknown;
        return async (...args: Parameters<RedisClient['xpending']>) => {
          asked.resolve();
          await answer.promise;
          return target.xpending(...args);
        };
      },
    });
    const seen: string[] = [];
    let stopped = false;
    const consumer = await consume(stream, async ({ data }) => void seen.push(data), { client });
    await asked.promise;
    // By the time of the answer the entry may be taken over.
    await until('it is idle', async () => {
      const [row] = (await redis().xpending(stream, GROUP, 'IDLE', RECLAIM_MS, '-', '+', 1)) as unknown[];
      return row !== undefined;
    });
    const stopping = consumer.stop().then(() => (stopped = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(stopped).toBe(false);
    answer.resolve();
    await stopping;
    expect(seen).toEqual([]);
    expect(await state(stream)).toEqual({ length: 1, pending: 1 });
  });
});

it('makes its group anew when Redis has lost the stream, and reads what came meanwhile', async () => {
  const streams = [newStream(), newStream()];
  const seen: string[] = [];
  await consume(streams, async ({ data }) => void seen.push(data));
  await add(streams[0]!, 'before');
  await until('the first', () => seen.length === 1);
  await done(streams[0]!);
  await redis().del(...streams);
  await Promise.all(streams.map((stream, i) => add(stream, `after ${i}`)));
  await until('those after the loss', () => seen.length === 3);
  expect(seen.sort()).toEqual(['after 0', 'after 1', 'before']);
  await Promise.all(streams.map(done));
});

it('never has more under way than its concurrency, whether read or taken over', async () => {
  const stream = newStream();
  const names = (kind: string) => Array.from({ length: 6 }, (_, i) => `${kind} ${i}`);
  await leaveBehind(stream, names('left'));
  const gate = new Deferred();
  const seen: string[] = [];
  let underWay = 0;
  let most = 0;
  const handler = async ({ data }: StreamEntry) => {
    most = Math.max(most, ++underWay);
    await gate.promise;
    underWay--;
    seen.push(data);
  };
  // The read waits with room for three when three are taken over.
  await consume(stream, handler, { concurrency: 3 });
  await until('the first take-over', () => underWay === 3);
  for (const each of names('fresh')) await add(stream, each);
  await until('the read', async () => (await pending(stream)) === 7);
  expect(underWay).toBe(3);
  gate.resolve();
  await done(stream);
  expect(most).toBe(3);
  expect(seen.sort()).toEqual([...names('fresh'), ...names('left')]);
});
