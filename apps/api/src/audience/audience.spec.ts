import { ApiUnderTest } from '../testing/api-under-test.js';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await ApiUnderTest.start();
  await Promise.all(
    Array.from({ length: 30 }, (_, i) =>
      api.call('PUT', `/v1/devices/d-${i}`, {
        user: `user-${i % 10}`,
        platform: i % 2 ? 'android' : 'ios',
        appVersion: `2.${i}`,
        locale: 'de-AT',
        tags: i % 3 ? ['x'] : [],
      }),
    ),
  );
});
afterAll(() => api.stop());

const preview = (audience: unknown) => api.call('POST', '/v1/audience/preview', { audience });
const list = (method: 'PUT' | 'POST', url: string, text: string, type = 'application/x-ndjson') =>
  api.call(method, url, text, { 'content-type': type });

describe('a preview', () => {
  it('counts, shows both forms, the cost and ten of the devices', async () => {
    const { status, body } = await preview({
      all: [{ tag: 'x' }, { platform: 'android' }, { user: ['user-1', 'ghost'] }],
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      text: 'tag:x and platform:android and user:[user-1, ghost]',
      cost: 14,
      devices: 2,
      exact: true,
      rejected: [{ kind: 'user', name: 'ghost' }],
    });
    expect(body.samples.map(({ id }: { id: string }) => id).sort()).toEqual(['d-1', 'd-11']);
    expect((await preview('everyone')).body).toMatchObject({
      devices: 30,
      exact: true,
      samples: { length: 10 },
    });
    expect((await preview('appVersion:">=2.10" and tag:x')).body).toMatchObject({ devices: 14, exact: true });
  });

  it('points at what is wrong', async () => {
    const { status, body } = await preview('tag:x and\n mood:good');
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'invalid-audience', faults: [{ pointer: '/audience' }] });
    expect(body.faults[0].detail).toContain('line 2, column 2');
    const costly = Array.from({ length: 5 }, () => ({ tag: Array.from({ length: 999 }, (_, i) => `t${i}`) }));
    expect((await preview({ any: costly })).body).toMatchObject({
      code: 'audience-too-costly',
      cost: 24_975,
      maxCost: 20_000,
    });
    expect((await api.call('POST', '/v1/audience/preview', {})).status).toBe(400);
  });
});

describe('segments', () => {
  const put = (name: string, audience: unknown) =>
    api.call('PUT', `/v1/segments/${name}`, { audience, description: 'of the test' });

  it('are saved, used, read, listed and deleted', async () => {
    expect((await put('iphones', 'platform:ios')).status).toBe(201);
    expect((await put('iphones', 'platform:ios and tag:x')).status).toBe(200);
    expect((await put('others', 'not segment:iphones')).body).toMatchObject({
      name: 'others',
      description: 'of the test',
      audience: { not: { segment: ['iphones'] } },
      text: 'not segment:iphones',
      cost: 10,
    });
    expect((await preview('segment:iphones')).body.devices).toBe(10);
    expect((await preview('segment:others')).body.devices).toBe(20);
    const { body } = await api.call('GET', '/v1/segments');
    expect(body.segments.map(({ name }: { name: string }) => name)).toEqual(['iphones', 'others']);
    expect(await api.call('DELETE', '/v1/segments/iphones')).toMatchObject({
      status: 409,
      body: { code: 'conflict' },
    });
    expect((await api.call('DELETE', '/v1/segments/others')).status).toBe(204);
    expect((await api.call('DELETE', '/v1/segments/iphones')).status).toBe(204);
    expect((await api.call('GET', '/v1/segments/iphones')).status).toBe(404);
  });

  it('refuse a circle, with the names around it', async () => {
    await put('a', 'segment:c');
    await put('b', 'segment:a or tag:x');
    const { status, body } = await put('c', { any: [{ tag: 'y' }, { not: { segment: 'b' } }] });
    expect(status).toBe(400);
    expect(body.faults[0].detail).toMatch(/refers to itself: (a → c → b → a|b → a → c → b|c → b → a → c)/);
  });

  it('cost what they stand for', async () => {
    await put('wide', {
      any: Array.from({ length: 3 }, (_, k) => ({
        tag: Array.from({ length: 1000 }, (__, i) => `t${k}${i}`),
      })),
    });
    expect(await preview('segment:wide or segment:wide')).toMatchObject({
      status: 400,
      body: { cost: 30_000 },
    });
    expect(await put('wider', 'segment:wide and segment:wide')).toMatchObject({
      status: 400,
      body: { code: 'audience-too-costly' },
    });
  });
});

describe('uploaded lists', () => {
  it('take good rows, and give bad ones back with line and reason', async () => {
    const rows = '{"device":"d-1"}\n{"user":"user-2"}\n{"device":"nowhere"}\nnope\n"d-3"\n{"user":"a b"}\n';
    expect(await list('PUT', '/v1/lists/invited', rows)).toMatchObject({
      status: 200,
      body: {
        name: 'invited',
        devices: 2,
        users: 1,
        taken: 3,
        refused: 3,
        rejected: [
          { line: 3, detail: 'there is no device nowhere' },
          { line: 4, detail: 'is not well-formed JSON' },
          { line: 6, detail: expect.stringContaining('user must be') },
        ],
      },
    });
    expect((await preview('list:invited')).body).toMatchObject({ devices: 5, exact: true });
  });

  it('grow by rows, as CSV too, and are replaced as a whole', async () => {
    await list('PUT', '/v1/lists/grown', 'name,user\nA,user-1\n', 'text/csv; charset=utf-8');
    const more = await list('POST', '/v1/lists/grown/rows', 'device\nd-0\nd-0\nUP\n', 'text/csv');
    expect(more.body).toMatchObject({ devices: 1, users: 1, taken: 2, refused: 1 });
    expect((await preview('list:grown')).body.devices).toBe(4);
    await list('PUT', '/v1/lists/grown', '"d-9"\n');
    expect((await preview('list:grown')).body.devices).toBe(1);
    expect((await api.call('GET', '/v1/lists')).body.lists).toHaveLength(2);
    expect((await api.call('DELETE', '/v1/lists/grown')).status).toBe(204);
    expect((await api.call('GET', '/v1/lists/grown')).status).toBe(404);
    expect((await preview('list:grown')).body).toMatchObject({
      devices: 0,
      rejected: [{ kind: 'list', name: 'grown' }],
    });
  });

  it('are far larger than any other body', async () => {
    const rows = Array.from({ length: 60_000 }, (_, i) => `{"user":"reader-${i}-${'x'.repeat(20)}"}`).join(
      '\n',
    );
    expect(rows.length).toBeGreaterThan(2 * 1024 * 1024);
    expect((await list('PUT', '/v1/lists/large', rows)).body).toMatchObject({ users: 60_000, taken: 60_000 });
  });

  it('refuse what is none, and leave the former one', async () => {
    await list('PUT', '/v1/lists/kept', '"d-9"\n');
    expect((await api.call('PUT', '/v1/lists/kept', { user: 'x' })).status).toBe(415);
    expect((await list('PUT', '/v1/lists/kept', Buffer.from([0x22, 0xff, 0x22]) as never)).status).toBe(400);
    expect((await preview('list:kept')).body.devices).toBe(1);
    expect((await list('POST', '/v1/lists/nowhere/rows', '"d-9"')).status).toBe(404);
    expect((await list('POST', '/v1/notifications', 'x', 'text/csv')).status).toBe(415);
  });
});

describe('a send', () => {
  const send = (audience: unknown, more = {}, headers = {}) =>
    api.call('POST', '/v1/notifications', { audience, title: 'Tea', ...more }, headers);

  it('tells which names stand for nothing, and does not fail by them', async () => {
    const names =
      'user:[user-1, ghost] or device:[d-1, phantom] or group:empty or segment:none or list:gone or tag:any';
    const first = await send(names, {}, { 'idempotency-key': 'tea-1' });
    expect(first).toMatchObject({
      status: 202,
      body: {
        rejected: [
          { kind: 'user', name: 'ghost' },
          { kind: 'device', name: 'phantom' },
          { kind: 'group', name: 'empty' },
          { kind: 'segment', name: 'none' },
          { kind: 'list', name: 'gone' },
        ],
      },
    });
    expect((await send(names, {}, { 'idempotency-key': 'tea-1' })).body).toEqual(first.body);
    expect((await send('user:user-1')).body).not.toHaveProperty('rejected');
  });

  it('is refused without anybody, where somebody is required', async () => {
    expect(await send('user:ghost', { requireRecipients: true })).toMatchObject({
      status: 422,
      body: { code: 'no-recipients', rejected: [{ kind: 'user', name: 'ghost' }] },
    });
    expect((await send('tag:x and not everyone', { requireRecipients: true })).status).toBe(422);
    expect((await send('tag:x and platform:ios', { requireRecipients: true })).status).toBe(202);
    expect((await send('user:ghost')).status).toBe(202);
  });
});
