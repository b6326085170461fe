import { ApiUnderTest } from '../testing/api-under-test.js';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await ApiUnderTest.start();
});
afterAll(() => api.stop());

const tea = { audience: { user: 'anna' }, title: 'Tea' };
const send = (notifications: unknown, headers?: Record<string, string>) =>
  api.call('POST', '/v1/notifications/batch', { notifications }, headers);
const queued = async (): Promise<number> => {
  const lengths = await Promise.all(
    api.store.allLanes().map((lane) => api.client.xlen(api.store.keys.intake(lane))),
  );
  return lengths.reduce((sum, length) => sum + length, 0);
};

it('accepts each by itself, and says of each what became of it', async () => {
  const { status, body } = await send([tea, { ...tea, titel: 'x' }, { ...tea, dryRun: true }, tea]);
  expect(status).toBe(202);
  expect(body).toMatchObject({ accepted: 2, refused: 2 });
  const [first, unknown, dry, last] = body.results;
  expect(first.accepted.id).not.toBe(last.accepted.id);
  expect(unknown.refused).toMatchObject({ code: 'invalid-request', faults: [{ pointer: '/titel' }] });
  expect(dry.refused.faults[0].pointer).toBe('/dryRun');
  expect((await api.call('GET', first.accepted.links.self)).body).toMatchObject({ title: 'Tea' });
});

it('takes a thousand, and no more', async () => {
  const before = await queued();
  const { body } = await send(Array.from({ length: 1_000 }, () => tea));
  expect(body.accepted).toBe(1_000);
  expect((await queued()) - before).toBe(1_000);
  expect((await send(Array.from({ length: 1_001 }, () => tea))).status).toBe(400);
  expect((await send([])).status).toBe(400);
  expect((await send([7])).status).toBe(400);
});

it('is sent once, also when it comes again and at the same time', async () => {
  const headers = { 'idempotency-key': 'batch' };
  const before = await queued();
  const answers = await Promise.all(Array.from({ length: 5 }, () => send([tea, tea], headers)));
  expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  expect((await queued()) - before).toBe(2);
  expect((await send([tea], headers)).body.code).toBe('idempotency-mismatch');
});

it('goes on where it stopped when its process died', async () => {
  const headers = { 'idempotency-key': 'interrupted' };
  const first = await send([tea, tea], headers);
  // What a process leaves that died before it could keep its answer: the items' records, and none of the batch.
  for (const key of await api.client.keys('*:idem:*')) {
    if (await api.client.hexists(key, 'answer')) await api.client.del(key);
  }
  const before = await queued();
  const again = await send([tea, tea], headers);
  expect(again.headers['idempotency-replayed']).toBeUndefined();
  expect(again.body).toEqual(first.body);
  expect(await queued()).toBe(before);
});

describe('the key of any other POST', () => {
  const headers = (key: string) => ({ 'idempotency-key': key });
  const create = (name: string, key: string) =>
    api.call('POST', '/v1/keys', { name, scopes: ['send'] }, headers(key));

  it('gives the first answer again, secrets too, which Redis does not show', async () => {
    const first = await create('shop', 'key 1');
    const again = await create('shop', 'key 1');
    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect((await create('other', 'key 1')).body.code).toBe('idempotency-mismatch');
    for (const key of await api.client.keys('*:idem:*'))
      expect(JSON.stringify(await api.client.hgetall(key))).not.toContain(first.body.key);
  });

  it('lets one of many at the same time do the work', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => create('once', 'key 2')));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(answers.filter((answer) => !answer.headers['idempotency-replayed'])).toHaveLength(1);
  });

  it('does not remember a refusal', async () => {
    const call = () => api.call('POST', '/v1/devices/later/token', undefined, headers('key 3'));
    expect((await call()).status).toBe(404);
    await api.call('PUT', '/v1/devices/later', {});
    expect((await call()).status).toBe(200);
  });

  it('stands for one request among sends and others', async () => {
    await api.call('POST', '/v1/notifications', tea, headers('key 4'));
    expect((await create('shop', 'key 4')).body.code).toBe('idempotency-mismatch');
    await create('shop', 'key 5');
    const mixed = await api.call('POST', '/v1/notifications', tea, headers('key 5'));
    expect(mixed.body.code).toBe('idempotency-mismatch');
  });
});
