import { RedisNotifications } from '@carillon/persistence';
import { ApiUnderTest } from '../testing/api-under-test.js';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await ApiUnderTest.start();
});
afterAll(() => api.stop());

const tea = { audience: { user: 'anna' }, title: 'Tea' };
const send = (body: unknown, headers?: Record<string, string>) =>
  api.call('POST', '/v1/notifications', body, headers);
const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1_000).toISOString();

describe('sending', () => {
  it('answers 202 with where to look', async () => {
    const { status, headers, body } = await send(tea);
    expect(status).toBe(202);
    expect(body).toEqual({
      id: expect.stringMatching(/^[0-9a-z]{26}$/),
      rejected: [{ kind: 'user', name: 'anna' }],
      status: 'accepted',
      acceptedAt: expect.any(String),
      at: body.acceptedAt,
      expiresAt: new Date(Date.parse(body.acceptedAt) + 3 * 86_400_000).toISOString(),
      links: {
        self: `/v1/notifications/${body.id}`,
        cancel: `/v1/notifications/${body.id}/cancel`,
        recall: `/v1/notifications/${body.id}/recall`,
        deliveries: `/v1/notifications/${body.id}/deliveries`,
      },
    });
    expect(headers.location).toBe(body.links.self);
  });

  it('puts it on its way', async () => {
    const { id } = (await send(tea)).body;
    const lane = api.store.laneOf(id);
    const entries = await api.client.xrange(api.store.keys.intake(lane), '-', '+');
    const tasks = entries.map(([, fields]) => JSON.parse(fields[1]!) as { notificationId: string });
    expect(tasks.map(({ notificationId }) => notificationId)).toContain(id);
  });

  it('keeps all that was said', async () => {
    const request = {
      audience: { any: [{ user: 'anna' }, { area: { circle: { lat: 52.5, lon: 13.4, radius: 500 } } }] },
      kind: 'message',
      title: 'T',
      body: 'B',
      uri: 'https://example.org/x',
      data: { n: 1, list: [{ constructor: 'x', toString: 1, prototype: null }] },
      ttl: 60,
      collapseKey: 'tea',
      transports: ['mqtt', 'poll'],
      priority: 'high',
      replaces: '01jd8r2m6w3v5q9t7x4c2b1n0k',
      requireAck: true,
      fallbackAfter: 5,
    };
    const { body } = await send(request);
    expect(body).not.toHaveProperty('code');
    const read = await api.call('GET', body.links.self);
    expect(read.body).toMatchObject({
      ...request,
      audience: { any: [{ user: ['anna'] }, request.audience.any[1]] },
      status: 'accepted',
      counts: { queued: 0, pending: 0, acknowledged: 0 },
    });
    expect(Date.parse(read.body.expiresAt) - Date.parse(read.body.at)).toBe(60_000);
  });

  it('gives a notification for devices that are online now its time on the way', async () => {
    const { body } = await send({ ...tea, ttl: 0 });
    expect(Date.parse(body.expiresAt) - Date.parse(body.at)).toBe(15_000);
  });

  it('schedules what is for later', async () => {
    const at = inSeconds(3_600);
    const { body } = await send({ ...tea, at });
    expect(body).toMatchObject({ status: 'scheduled', at });
    expect((await api.call('GET', body.links.self)).body.status).toBe('scheduled');
    const due = await api.client.zscore(api.store.keys.due(api.store.laneOf(body.id)), body.id);
    expect(Number(due)).toBe(Date.parse(at));
  });

  it('takes the very recent past for now', async () => {
    const { status, body } = await send({ ...tea, at: inSeconds(-30) });
    expect(status).toBe(202);
    expect(body).toMatchObject({ status: 'accepted', at: body.acceptedAt });
  });

  it('reads a local time in its zone', async () => {
    const day = inSeconds(30 * 86_400).slice(0, 10);
    const { body } = await send({ ...tea, at: `${day}T12:00`, zone: 'Asia/Tokyo' });
    expect(body.at).toBe(`${day}T03:00:00.000Z`);
  });

  it('publishes a plain text to a group', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const { status, body } = await api.call(
      'POST',
      '/v1/publish/k%C3%BCche?title=Kitchen',
      'Tea & cake=ready\n',
      headers,
    );
    expect(status).toBe(202);
    expect((await api.call('GET', body.links.self)).body).toMatchObject({
      audience: { group: ['küche'] },
      kind: 'notification',
      title: 'Kitchen',
      body: 'Tea & cake=ready',
    });
  });
});

const REFUSALS: [string, unknown, number, string, string][] = [
  ['nobody', { title: 'x' }, 400, 'invalid-request', '/audience'],
  [
    'an unknown kind of audience',
    { ...tea, audience: { planet: 'earth' } },
    400,
    'invalid-audience',
    '/audience/planet',
  ],
  [
    'bad coordinates',
    { ...tea, audience: { area: { circle: { lat: 91, lon: 0, radius: 5 } } } },
    400,
    'invalid-audience',
    '/audience/area/circle/lat',
  ],
  ['an unknown field', { ...tea, prioritty: 1 }, 400, 'invalid-request', '/prioritty'],
  ['no content', { audience: { user: 'a' } }, 400, 'invalid-request', '/title'],
  ['data alone for a person', { audience: { user: 'a' }, data: { a: 1 } }, 400, 'invalid-request', '/title'],
  ['an empty message', { audience: { user: 'a' }, kind: 'message' }, 400, 'invalid-request', '/data'],
  ['an unknown kind', { ...tea, kind: 'sms' }, 400, 'invalid-request', '/kind'],
  ['a title that is no text', { ...tea, title: 7 }, 400, 'invalid-request', '/title'],
  ['data that is no object', { ...tea, data: [1] }, 400, 'invalid-request', '/data'],
  ['a URI with white space', { ...tea, uri: 'a b' }, 400, 'invalid-request', '/uri'],
  ['a character that XML cannot carry', { ...tea, title: 'a\u0000b' }, 400, 'invalid-request', '/title'],
  ['one inside data', { ...tea, data: { a: ['\ud800'] } }, 400, 'invalid-request', '/data/a/0'],
  ['one in a name', { ...tea, data: { 'a/\u0001': 1 } }, 400, 'invalid-request', '/data/a~1\u0001'],
  ['too much content', { ...tea, body: 'x'.repeat(65_536) }, 413, 'payload-too-large', ''],
  ['a time in the past', { ...tea, at: '2020-01-01T00:00:00Z' }, 400, 'time-in-past', '/at'],
  ['a time far ahead', { ...tea, at: '2999-01-01T00:00:00Z' }, 400, 'invalid-request', '/at'],
  ['a date that no calendar has', { ...tea, at: '2027-02-30T00:00:00Z' }, 400, 'invalid-request', '/at'],
  ['a local time without zone', { ...tea, at: '2027-02-03T00:00:00' }, 400, 'invalid-request', '/at'],
  [
    'an unknown zone',
    { ...tea, at: '2027-01-01T09:00', zone: 'Mars/Olympus' },
    400,
    'invalid-request',
    '/zone',
  ],
  ['a zone without time', { ...tea, zone: 'Europe/Berlin' }, 400, 'invalid-request', '/zone'],
  [
    'two offsets',
    { ...tea, at: '2027-01-01T09:00Z', zone: 'Europe/Berlin' },
    400,
    'invalid-request',
    '/zone',
  ],
  ['a negative ttl', { ...tea, ttl: -1 }, 400, 'invalid-request', '/ttl'],
  ['a ttl that is no whole number', { ...tea, ttl: '60' }, 400, 'invalid-request', '/ttl'],
  ['a ttl beyond the bound', { ...tea, ttl: 2_592_001 }, 400, 'invalid-request', '/ttl'],
  ['a bad collapse key', { ...tea, collapseKey: 'a b' }, 400, 'invalid-request', '/collapseKey'],
  ['an unknown transport', { ...tea, transports: ['mqtt', 'pigeon'] }, 400, 'invalid-request', '/transports'],
  ['no transport', { ...tea, transports: [] }, 400, 'invalid-request', '/transports'],
  ['an array', [tea], 400, 'invalid-request', ''],
];

describe('refusals', () => {
  it.each(REFUSALS)('of %s', async (_, request, status, code, pointer) => {
    const answer = await send(request);
    expect(answer).toMatchObject({ status, body: { code, status } });
    expect(answer.body.faults?.[0].pointer ?? '').toBe(pointer);
  });

  it('name every fault of the fields', async () => {
    const { body } = await send({ ...tea, ttl: -1, colour: 'red', transports: 'mqtt' });
    const pointers = body.faults.map(({ pointer }: { pointer: string }) => pointer);
    expect(pointers.sort()).toEqual(['/colour', '/transports', '/ttl']);
  });

  it('of a text that is empty, or JSON, where plain text belongs', async () => {
    const text = { 'content-type': 'text/plain' };
    expect(await api.call('POST', '/v1/publish/kitchen', '', text)).toMatchObject({ status: 400 });
    expect(await api.call('POST', '/v1/publish/kitchen', { body: 'x' })).toMatchObject({ status: 415 });
  });
});

describe('an idempotency key', () => {
  it('gives the same answer to the same request, and accepts it once', async () => {
    const headers = { 'idempotency-key': 'order 7 / paid' };
    const first = await send(tea, headers);
    const again = await send({ title: 'Tea', audience: { user: 'anna' } }, headers);
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(again.headers.location).toBe(first.headers.location);
    expect([again.status, again.body]).toEqual([202, first.body]);
  });

  it('refuses another request', async () => {
    const headers = { 'idempotency-key': 'mismatch' };
    await send(tea, headers);
    expect(await send({ ...tea, title: 'Coffee' }, headers)).toMatchObject({
      status: 409,
      body: { code: 'idempotency-mismatch' },
    });
    const text = { ...headers, 'content-type': 'text/plain' };
    expect(await api.call('POST', '/v1/publish/kitchen', 'Tea', text)).toMatchObject({ status: 409 });
  });

  it('lets one of many at the same time through', async () => {
    const headers = { 'idempotency-key': 'at once' };
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(tea, headers)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(answers.filter((answer) => answer.headers['idempotency-replayed'] === undefined)).toHaveLength(1);
  });

  it('still answers when the time of the notification has passed', async () => {
    const headers = { 'idempotency-key': 'late' };
    const request = { ...tea, at: inSeconds(5) };
    const first = await send(request, headers);
    const now = Date.now;
    Date.now = () => now() + 600_000;
    try {
      expect((await send(request, headers)).body).toEqual(first.body);
    } finally {
      Date.now = now;
    }
  });

  it('is the app’s own', async () => {
    const other = await api.newKey(['admin'], 'other');
    const headers = { 'idempotency-key': 'shared' };
    const mine = await send(tea, headers);
    const theirs = await send(tea, { ...headers, authorization: `Bearer ${other}` });
    expect(theirs.status).toBe(202);
    expect(theirs.body.id).not.toBe(mine.body.id);
  });

  it.each(['', 'x'.repeat(256), 'schlüssel', 'tab\there'])('cannot be %j', async (key) => {
    expect(await send(tea, { 'idempotency-key': key })).toMatchObject({
      status: 400,
      body: { code: 'invalid-idempotency-key' },
    });
  });
});

describe('cancelling', () => {
  it('stops a scheduled notification, also twice', async () => {
    const { id, links } = (await send({ ...tea, at: inSeconds(60) })).body;
    for (let i = 0; i < 2; i++) {
      expect(await api.call('POST', links.cancel)).toMatchObject({
        status: 200,
        body: { id, status: 'cancelled' },
      });
    }
    expect((await api.call('GET', links.self)).body).toMatchObject({
      status: 'cancelled',
      cancelledAt: expect.any(String),
    });
    expect(await api.client.zscore(api.store.keys.due(api.store.laneOf(id)), id)).toBeNull();
  });

  it('comes too late for what is in every inbox', async () => {
    const { id, links } = (await send(tea)).body;
    await api.app.get(RedisNotifications).finishDirect(id, [], Date.now());
    expect(await api.call('POST', links.cancel)).toMatchObject({
      status: 409,
      body: { code: 'not-cancellable', notificationStatus: 'sent' },
    });
  });
});

describe('a notification that is not there', () => {
  it.each(['01jd8r2m6w3v5q9t7x4c2b1n0k', 'other'])('is not found: %s', async (id) => {
    const other = await api.newKey(['admin'], 'other');
    const theirs = (await send(tea, { authorization: `Bearer ${other}` })).body.id;
    const path = `/v1/notifications/${id === 'other' ? theirs : id}`;
    for (const answer of [
      await api.call('GET', path),
      await api.call('POST', `${path}/cancel`),
      await api.call('POST', `${path}/recall`),
      await api.call('GET', `${path}/deliveries`),
      await api.call('GET', `${path}/deliveries/phone-1`),
    ]) {
      expect(answer).toMatchObject({ status: 404, body: { code: 'not-found' } });
    }
  });

  it('cannot have any id', async () => {
    expect(await api.call('GET', '/v1/notifications/7')).toMatchObject({
      status: 400,
      body: { faults: [{ pointer: 'id', detail: 'must be the id of a notification (26 characters)' }] },
    });
  });
});
