import { verifyToken } from '@carillon/auth';
import { DEFAULT_APP, INBOX_START } from '@carillon/domain';
import { EdgeRegistry, RedisDevices, RedisInbox, RedisPresence } from '@carillon/persistence';
import { ApiUnderTest } from '../testing/api-under-test.js';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await ApiUnderTest.start();
});
afterAll(() => api.stop());

const FULL = {
  user: 'anna',
  platform: 'android',
  tags: ['beta', 'de'],
  attributes: { model: 'Pixel 9', paid: true, age: 2, constructor: 'x' },
  autoSubscribe: true,
  position: { lat: 52.5163, lon: 13.3777, at: '2026-05-01T09:00:00+02:00' },
};
const put = (id: string, body: unknown = {}, headers?: Record<string, string>) =>
  api.call('PUT', `/v1/devices/${id}`, body, headers);
const get = (id: string) => api.call('GET', `/v1/devices/${id}`);
const login = (id: string) => api.app.get(RedisDevices).login(id);

describe('PUT', () => {
  it('creates a device and shows its token once', async () => {
    const created = await put('phone-1', FULL);
    expect(created).toMatchObject({
      status: 201,
      headers: { location: '/v1/devices/phone-1' },
      body: {
        ...FULL,
        id: 'phone-1',
        position: { ...FULL.position, at: '2026-05-01T07:00:00.000Z' },
        groups: [],
      },
    });
    expect(verifyToken((await login('phone-1'))!.credentials, created.body.token)).toBe(true);
    const again = await put('phone-1', FULL);
    expect(again.status).toBe(200);
    const { token: _, updatedAt: __, ...rest } = created.body;
    expect(again.body).toEqual({ ...rest, updatedAt: expect.any(String) });
    expect(verifyToken((await login('phone-1'))!.credentials, created.body.token)).toBe(true);
  });

  it('keeps its language and its clock, which have to be known ones', async () => {
    const zoned = await put('phone-zoned', { locale: 'de-AT', timeZone: 'Europe/Vienna' });
    expect(zoned.body).toMatchObject({ locale: 'de-AT', timeZone: 'Europe/Vienna' });
    const patch = (timeZone: string | null) => api.call('PATCH', '/v1/devices/phone-zoned', { timeZone });
    expect((await patch('CEST')).body.faults).toEqual([
      { pointer: '/timeZone', detail: 'must be an IANA time zone, such as Europe/Berlin' },
    ]);
    expect((await patch('Asia/Tokyo')).body.timeZone).toBe('Asia/Tokyo');
    expect((await patch(null)).body).not.toHaveProperty('timeZone');
    expect((await api.call('GET', '/v1/devices/phone-zoned/export')).body.activityByHour).toHaveLength(24);
  });

  it('empties what is not given', async () => {
    await put('phone-2', FULL);
    const { body } = await put('phone-2', { platform: 'ios' });
    expect(body).toEqual({
      id: 'phone-2',
      platform: 'ios',
      tags: [],
      attributes: {},
      autoSubscribe: false,
      groups: [],
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
  });

  it('needs no body', async () => {
    expect((await api.call('PUT', '/v1/devices/bare')).status).toBe(201);
  });

  it('gives one token when many create the device at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => put('raced', FULL)));
    const tokens = answers.flatMap(({ body }) => (body.token === undefined ? [] : [body.token as string]));
    expect(tokens).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(9);
    expect(verifyToken((await login('raced'))!.credentials, tokens[0]!)).toBe(true);
  });

  it('takes no id of another app', async () => {
    const authorization = `Bearer ${await api.newKey(['manage'], 'other')}`;
    expect((await put('theirs', {}, { authorization })).status).toBe(201);
    expect(await put('theirs')).toMatchObject({ status: 409, body: { code: 'conflict' } });
  });
});

const REFUSALS: [string, unknown, string, string][] = [
  [
    'an unknown field',
    { usr: 'anna' },
    '/usr',
    'is not known; known are appVersion, attributes, autoSubscribe',
  ],
  [
    'a latitude out of bounds',
    { position: { lat: 91, lon: 0 } },
    '/position/lat',
    'must be a number from -90 to 90',
  ],
  [
    'a longitude out of bounds',
    { position: { lat: 1, lon: 181 } },
    '/position/lon',
    'must be a number from -180',
  ],
  ['a latitude as text', { position: { lat: '1', lon: 1 } }, '/position/lat', 'must be a number'],
  ['half a position', { position: { lat: 1 } }, '/position/lon', 'must be a number'],
  [
    'an unknown part of a position',
    { position: { lat: 1, lon: 1, alt: 2 } },
    '/position/alt',
    'is not known',
  ],
  [
    'a time that is none',
    { position: { lat: 1, lon: 1, at: 'now' } },
    '/position/at',
    'must be an RFC 3339 time',
  ],
  [
    'a time to come',
    { position: { lat: 1, lon: 1, at: '2099-01-01T00:00:00Z' } },
    '/position/at',
    'must not lie in the future',
  ],
  ['a position that is no object', { position: 7 }, '/position', 'must be an object'],
  ['a list of positions', { position: [{ lat: 1, lon: 1 }] }, '/position', 'must be an object'],
  ['a user with white space', { user: 'a b' }, '/user', 'must be 1 to 128 printable characters'],
  ['an empty user', { user: '' }, '/user', 'must be 1 to 128 printable characters'],
  [
    'a platform too long',
    { platform: 'x'.repeat(65) },
    '/platform',
    'must be a string of 1 to 64 characters',
  ],
  ['tags that are no list', { tags: 'beta' }, '/tags', 'must be an array of 0 to 100 items'],
  ['a bad tag', { tags: ['ok', 'a/b'] }, '/tags', 'item 1 must be 1 to 128 printable characters'],
  [
    'too many tags',
    { tags: Array.from({ length: 101 }, String) },
    '/tags',
    'must be an array of 0 to 100 items',
  ],
  [
    'a nested attribute',
    { attributes: { a: {} } },
    '/attributes',
    'must be an object of up to 64 attributes',
  ],
  [
    'an attribute of null',
    { attributes: { a: null } },
    '/attributes',
    'must be an object of up to 64 attributes',
  ],
  ['an attribute’s bad name', { attributes: { 'a b': 1 } }, '/attributes', 'must be an object'],
  ['an attribute too long', { attributes: { a: 'x'.repeat(1_025) } }, '/attributes', 'must be an object'],
  ['autoSubscribe as text', { autoSubscribe: 'yes' }, '/autoSubscribe', 'must be true or false'],
];

describe('refusals', () => {
  it.each(REFUSALS)('of %s', async (_, request, pointer, detail) => {
    const answer = await put('refused', request);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    expect(answer.body.faults[0]).toEqual({ pointer, detail: expect.stringContaining(detail) });
    expect((await get('refused')).status).toBe(404);
  });

  it.each(['UPPER', 'a%20b', '-x', 'x'.repeat(129), 'a%2Fb'])('of the id %s', async (id) => {
    expect(await put(id)).toMatchObject({
      status: 400,
      body: {
        faults: [{ pointer: 'id', detail: expect.stringMatching(/^must be 1 to 128 characters of a-z/) }],
      },
    });
  });

  it('of a body of 10 MB', async () => {
    expect(await put('big', { platform: 'x'.repeat(10_000_000) })).toMatchObject({
      status: 413,
      body: { code: 'payload-too-large' },
    });
  });
});

describe('PATCH', () => {
  it('changes what is given, empties what is null, and leaves the rest', async () => {
    await put('patched', FULL);
    const request = { user: null, tags: ['x'], attributes: { model: null, size: 6 }, position: null };
    const { status, body } = await api.call('PATCH', '/v1/devices/patched', request);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      platform: 'android',
      tags: ['x'],
      attributes: { paid: true, age: 2, size: 6, constructor: 'x' },
      autoSubscribe: true,
    });
    expect(body).not.toHaveProperty('user');
    expect(body).not.toHaveProperty('position');
    expect(body.attributes).not.toHaveProperty('model');
    expect((await get('patched')).body).toEqual(body);
  });

  it('loses no attribute of another patch at the same time', async () => {
    await put('patches');
    const names = Array.from({ length: 10 }, (_, i) => `n${i}`);
    await Promise.all(
      names.map((name) => api.call('PATCH', '/v1/devices/patches', { attributes: { [name]: 1 } })),
    );
    expect(Object.keys((await get('patches')).body.attributes).sort()).toEqual(names);
  });

  it('empties all by null', async () => {
    await put('emptied', FULL);
    const request = { tags: null, attributes: null, autoSubscribe: null, platform: null };
    expect((await api.call('PATCH', '/v1/devices/emptied', request)).body).toMatchObject({
      user: 'anna',
      tags: [],
      attributes: {},
      autoSubscribe: false,
    });
  });

  it('takes merge patches by their own media type', async () => {
    await put('merged', FULL);
    const type = { 'content-type': 'application/merge-patch+json' };
    const { body } = await api.call('PATCH', '/v1/devices/merged', '{"platform":"web"}', type);
    expect(body).toMatchObject({ platform: 'web', user: 'anna' });
  });

  it('keeps the number of attributes in bounds', async () => {
    const many = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`a${i}`, i]));
    await put('many', { attributes: many });
    expect(await api.call('PATCH', '/v1/devices/many', { attributes: { one: 'more' } })).toMatchObject({
      status: 400,
      body: { faults: [{ pointer: '/attributes' }] },
    });
  });
});

describe('a device that is not there, or another app’s,', () => {
  it.each(['nowhere', 'foreign'])('is not found: %s', async (id) => {
    await put('foreign', {}, { authorization: `Bearer ${await api.newKey(['manage'], 'other')}` });
    const path = `/v1/devices/${id}`;
    for (const answer of [
      await api.call('GET', path),
      await api.call('PATCH', path, {}),
      await api.call('DELETE', path),
      await api.call('POST', `${path}/token`),
      await api.call('PUT', `${path}/position`, { lat: 1, lon: 1 }),
      await api.call('GET', `${path}/presence`),
    ]) {
      expect(answer).toMatchObject({
        status: 404,
        body: { code: 'not-found', detail: `there is no device ${id}` },
      });
    }
    expect(await login('foreign')).toBeDefined();
  });
});

describe('the token', () => {
  it('can be replaced, which ends the connections of the old one', async () => {
    const before = (await put('rotated')).body.token;
    const notices = await connect('rotated');
    const { status, body } = await api.call('POST', '/v1/devices/rotated/token');
    expect(status).toBe(200);
    const { credentials } = (await login('rotated'))!;
    expect([verifyToken(credentials, body.token), verifyToken(credentials, before)]).toEqual([true, false]);
    expect(await notices()).toHaveLength(1);
  });
});

describe('the position', () => {
  it('can be set alone', async () => {
    await put('placed', { user: 'anna' });
    const { status, body } = await api.call('PUT', '/v1/devices/placed/position', { lat: -33.9, lon: 151.2 });
    expect(status).toBe(200);
    expect(body).toEqual({ lat: -33.9, lon: 151.2, at: expect.any(String) });
    expect((await get('placed')).body).toMatchObject({ user: 'anna', position: body });
  });

  it('cannot be off the map', async () => {
    expect(await api.call('PUT', '/v1/devices/placed/position', { lat: 90.1, lon: 0 })).toMatchObject({
      status: 400,
    });
  });
});

describe('presence', () => {
  it('tells what a device is connected over, on edges that live', async () => {
    await put('present');
    expect((await api.call('GET', '/v1/devices/present/presence')).body).toEqual({
      id: 'present',
      online: false,
      connections: [],
    });
    await connect('present');
    await claim('present', 'xmpp', 'edge-dead');
    expect((await api.call('GET', '/v1/devices/present/presence')).body).toEqual({
      id: 'present',
      online: true,
      connections: [{ transport: 'mqtt', edge: 'edge-1' }],
    });
  });
});

describe('the list', () => {
  it('comes in pages and holds every device of the app once', async () => {
    const authorization = `Bearer ${await api.newKey(['manage'], 'lister')}`;
    const ids = Array.from({ length: 25 }, (_, i) => `listed-${i}`);
    await Promise.all(ids.map((id) => put(id, {}, { authorization })));
    const found: string[] = [];
    for (let cursor = ''; ;) {
      const { body } = await api.call('GET', `/v1/devices?limit=4${cursor}`, undefined, { authorization });
      expect(body.devices.length).toBeLessThanOrEqual(4);
      found.push(...body.devices.map(({ id }: { id: string }) => id));
      if (body.next === undefined) break;
      cursor = `&cursor=${body.next}`;
    }
    expect(found.sort()).toEqual(ids.sort());
  });

  it.each(['limit=0', 'limit=1001', 'limit=x', 'cursor=x', 'cursor=', 'page=2'])(
    'refuses %s',
    async (query) => {
      const answer = await api.call('GET', `/v1/devices?${query}`);
      expect(answer).toMatchObject({ status: 400, body: { faults: [{ pointer: query.split('=')[0] }] } });
    },
  );
});

describe('DELETE', () => {
  it('purges the inbox, leaves groups and ends connections', async () => {
    await put('leaving', { user: 'bert', tags: ['x'] });
    await api.call('PUT', '/v1/groups/leavers/members/devices/leaving');
    const notificationId = '01jd8r2m6w3v5q9t7x4c2b1n0k';
    const deposit = { app: DEFAULT_APP, notificationId, expiresAt: Date.now() + 60_000, onlineOnly: false };
    const inbox = api.app.get(RedisInbox);
    await inbox.deposit(deposit, ['leaving'], Date.now());
    const notices = await connect('leaving');

    expect(await api.call('DELETE', '/v1/devices/leaving')).toMatchObject({ status: 204, body: '' });

    expect((await get('leaving')).status).toBe(404);
    expect(await inbox.read('leaving', INBOX_START, 10)).toEqual([]);
    expect(await inbox.delivery(notificationId, 'leaving')).toMatchObject({
      state: 'purged',
      steps: [{ state: 'queued' }, { state: 'purged', detail: 'device deleted' }],
    });
    expect((await api.call('GET', '/v1/groups/leavers')).status).toBe(404);
    expect((await api.call('GET', '/v1/users/bert/devices')).body).toEqual({ devices: [] });
    expect(await notices()).toHaveLength(1);
    expect((await api.call('DELETE', '/v1/devices/leaving')).status).toBe(404);
  });
});

async function claim(id: string, transport: string, edgeId: string): Promise<void> {
  const login = await api.app.get(RedisDevices).login(id);
  await api.app.get(RedisPresence).claim(id, login!.credentials.tokenHash, transport, edgeId);
}

/** Connects a device to an edge. @returns what that edge was told since */
async function connect(id: string): Promise<() => Promise<unknown[]>> {
  const { client, keys } = api.store;
  await api.app.get(EdgeRegistry).heartbeat('edge-1', Date.now());
  const stream = keys.dispatch('edge-1');
  const start = await client.xadd(stream, '*', 'started', '1');
  await claim(id, 'mqtt', 'edge-1');
  return () => client.xrange(stream, `(${start}`, '+');
}
