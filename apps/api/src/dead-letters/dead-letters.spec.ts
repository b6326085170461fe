import { DeadLetters } from '@carillon/queue';
import { runScript } from '@carillon/redis';
import { ApiUnderTest } from '../testing/api-under-test.js';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await ApiUnderTest.start();
});
afterAll(() => api.stop());

/** Lets an entry fail for good, as a worker does. */
async function bury(stream: string, data: string): Promise<void> {
  const { client } = api;
  await client.xgroup('CREATE', stream, 'workers', '$', 'MKSTREAM').catch(() => undefined);
  const id = await client.xadd(stream, '*', 'd', data);
  await client.xreadgroup('GROUP', 'workers', 'w1', 'STREAMS', stream, '>');
  await runScript(
    client,
    'bury-entry',
    [stream, DeadLetters.keyFor(stream)],
    ['workers', id!, data, 'it broke', 5, Date.now(), 100],
  );
}

const list = (stream: string) => api.call('GET', `/v1/dead-letters?stream=${stream}`);

describe('dead letters', () => {
  it('are listed by stream, over all shards, oldest first', async () => {
    const { keys } = api.store;
    await bury(keys.intake(1), '{"n":1}');
    await bury(keys.intake(0), '{"n":2}');
    await bury(keys.fanOut(0), '{"n":3}');
    await bury(keys.receipts(5), 'line');
    expect((await list('intake')).body.deadLetters).toEqual([
      {
        id: expect.stringMatching(/^1\.\d+-\d+$/),
        stream: 'intake',
        data: '{"n":1}',
        reason: 'it broke',
        deliveries: 5,
        at: expect.stringMatching(/Z$/),
      },
      expect.objectContaining({ data: '{"n":2}' }),
    ]);
    expect((await list('receipts')).body.deadLetters).toMatchObject([{ data: 'line' }]);
    expect((await list('device-events')).body.deadLetters).toEqual([]);
  });

  it('go back to their own stream, once', async () => {
    const stream = api.store.keys.deviceEvents(1);
    await bury(stream, '{"type":"opened"}');
    const { id } = (await list('device-events')).body.deadLetters[0];
    expect((await api.call('POST', `/v1/dead-letters/intake/${id}/replay`)).status).toBe(404);
    expect((await api.call('POST', `/v1/dead-letters/device-events/${id}/replay`)).status).toBe(204);
    expect((await api.client.xrevrange(stream, '+', '-', 'COUNT', 1))[0]![1]).toEqual([
      'd',
      '{"type":"opened"}',
      'r',
      '1',
    ]);
    expect((await api.call('POST', `/v1/dead-letters/device-events/${id}/replay`)).status).toBe(404);
  });

  it('are read one by one, and discarded', async () => {
    await bury(api.store.keys.intake(1), '{"n":9}');
    const { id } = (await list('intake')).body.deadLetters.at(-1);
    const path = `/v1/dead-letters/intake/${id}`;
    expect((await api.call('GET', path)).body).toMatchObject({ id, data: '{"n":9}', reason: 'it broke' });
    expect((await api.call('DELETE', path)).status).toBe(204);
    for (const method of ['GET', 'DELETE'] as const) expect((await api.call(method, path)).status).toBe(404);
    const elsewhere = path.replace('intake', 'receipts');
    expect((await api.call('GET', elsewhere)).status).toBe(404);
  });

  it('are bounded: the oldest go first', async () => {
    const stream = api.store.keys.fanOut(1);
    for (let n = 0; n < 105; n++) await bury(stream, `{"n":${n}}`);
    const { deadLetters } = (await api.call('GET', '/v1/dead-letters?stream=fan-out&limit=1000')).body;
    const own = deadLetters.filter(({ id }: { id: string }) => id.startsWith('1.'));
    expect([own.length, own[0].data]).toEqual([100, '{"n":5}']);
  });

  it.each([
    ['GET', '/v1/dead-letters', 'stream'],
    ['GET', '/v1/dead-letters?stream=x', 'stream'],
    ['GET', '/v1/dead-letters?stream=intake&limit=0', 'limit'],
    ['POST', '/v1/dead-letters/intake/7/replay', 'id'],
  ] as const)('refuse %s %s', async (method, path, pointer) => {
    expect(await api.call(method, path)).toMatchObject({ status: 400, body: { faults: [{ pointer }] } });
  });

  it('are not there for shards that are not', async () => {
    expect((await api.call('POST', '/v1/dead-letters/intake/99.1-1/replay')).status).toBe(404);
  });

  it('are the operator’s, not every app’s', async () => {
    const authorization = `Bearer ${await api.newKey(['admin'], 'other')}`;
    expect(
      (await api.call('GET', '/v1/dead-letters?stream=intake', undefined, { authorization })).status,
    ).toBe(403);
  });
});

describe('statistics', () => {
  const count = (app: string, partition: number, field: string, number: number) =>
    api.client.hincrby(api.store.keys.stats(partition, app, '2026-05-01'), field, number);

  it('sum the partitions, by state and transport', async () => {
    await Promise.all([
      count('default', 0, 'q', 3),
      count('default', 5, 'q', 4),
      count('default', 0, 'a|mqtt', 2),
      count('default', 1, 'a|mqtt', 1),
      count('default', 1, 'a|xmpp', 5),
      count('other', 1, 'a|xmpp', 9),
    ]);
    const { body } = await api.call('GET', '/v1/stats?day=2026-05-01');
    expect(body.day).toBe('2026-05-01');
    expect(body.states).toMatchObject({
      queued: { total: 7, byTransport: {} },
      acknowledged: { total: 8, byTransport: { mqtt: 3, xmpp: 5 } },
      failed: { total: 0, byTransport: {} },
    });
  });

  it('are today’s unless a day is named', async () => {
    expect((await api.call('GET', '/v1/stats')).body.day).toBe(new Date().toISOString().slice(0, 10));
  });

  it.each(['2026-02-30', 'today', '2026-5-1', '2026-05-01T00:00:00Z'])('have no day %s', async (day) => {
    expect(await api.call('GET', `/v1/stats?day=${day}`)).toMatchObject({ status: 400 });
  });
});
