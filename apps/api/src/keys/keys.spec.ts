import { SCOPES } from '@carillon/domain';
import { ApiUnderTest } from '../testing/api-under-test.js';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await ApiUnderTest.start();
});
afterAll(() => api.stop());

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const create = (body: unknown) => api.call('POST', '/v1/keys', body);

describe('keys', () => {
  it('are shown once, work at once, and are refused once deleted', async () => {
    const { status, body } = await create({ name: 'backend', scopes: ['read', 'read'] });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.any(String),
      name: 'backend',
      scopes: ['read'],
      createdAt: expect.any(String),
      key: expect.stringMatching(/^ck_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$/),
    });
    const { key, ...listed } = body;
    expect((await api.call('GET', '/v1/keys')).body.keys).toContainEqual(listed);
    expect((await api.call('GET', '/v1/devices', undefined, bearer(key))).status).toBe(200);
    expect((await api.call('DELETE', `/v1/keys/${body.id}`)).status).toBe(204);
    expect((await api.call('GET', '/v1/devices', undefined, bearer(key))).status).toBe(401);
    expect((await api.call('DELETE', `/v1/keys/${body.id}`)).status).toBe(404);
  });

  it('are kept hashed', async () => {
    const { body } = await create({ name: 'hashed', scopes: ['send'] });
    const stored = JSON.stringify(await api.client.hgetall(api.store.keys.apiKey(body.id)));
    expect(stored).not.toContain(body.key.slice(20));
  });

  it('cannot delete themselves', async () => {
    const { id, key } = (await create({ name: 'admin', scopes: ['admin'] })).body;
    expect(await api.call('DELETE', `/v1/keys/${id}`, undefined, bearer(key))).toMatchObject({
      status: 409,
      body: { code: 'conflict' },
    });
  });

  it('belong to one app', async () => {
    const { id } = (await create({ name: 'mine', scopes: ['read'] })).body;
    const other = bearer(await api.newKey(['admin'], 'other'));
    expect((await api.call('GET', '/v1/keys', undefined, other)).body.keys).toHaveLength(1);
    expect((await api.call('DELETE', `/v1/keys/${id}`, undefined, other)).status).toBe(404);
  });

  it.each([
    ['no name', { scopes: ['send'] }, '/name'],
    ['a long name', { name: 'x'.repeat(129), scopes: ['send'] }, '/name'],
    ['no scope', { name: 'x', scopes: [] }, '/scopes'],
    ['an unknown scope', { name: 'x', scopes: ['root'] }, '/scopes'],
    ['another app', { name: 'x', scopes: ['send'], app: 'other' }, '/app'],
  ])('cannot have %s', async (_, request, pointer) => {
    expect(await create(request)).toMatchObject({ status: 400, body: { faults: [{ pointer }] } });
  });
});

describe('who calls', () => {
  it.each([
    ['nobody', { authorization: '' }],
    ['a wrong key', bearer('ck_0123456789abcdef_0123456789012345678901234567890123456789012')],
    ['something else', { authorization: 'Basic YTpi' }],
    ['garbage', bearer('garbage-garbage')],
  ])('is refused: %s', async (_, headers) => {
    const answer = await api.call('GET', '/v1/devices', undefined, headers);
    expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  });

  it('is told how to', async () => {
    const { statusCode, headers } = await api.app.inject({ method: 'GET', url: '/v1/devices' });
    expect([statusCode, headers['www-authenticate']]).toEqual([401, 'Bearer realm="carillon"']);
  });

  it('may use X-Api-Key instead', async () => {
    const headers = { 'x-api-key': await api.newKey(['read']) };
    const { statusCode } = await api.app.inject({ method: 'GET', url: '/v1/devices', headers });
    expect(statusCode).toBe(200);
  });

  it('is asked before the body is looked at', async () => {
    const answer = await api.call(
      'POST',
      '/v1/notifications',
      { nonsense: 1 },
      bearer(await api.newKey(['read'])),
    );
    expect(answer.status).toBe(403);
  });
});

const ROUTES = [
  ['POST', '/v1/notifications', ['send', 'admin']],
  ['POST', '/v1/publish/g', ['send', 'admin']],
  ['POST', '/v1/notifications/x/cancel', ['send', 'admin']],
  ['GET', '/v1/notifications/x', ['read', 'manage', 'admin']],
  ['GET', '/v1/devices', ['read', 'manage', 'admin']],
  ['PUT', '/v1/devices/-', ['manage', 'admin']],
  ['POST', '/v1/groups/%20/members', ['manage', 'admin']],
  ['GET', '/v1/stats', ['read', 'manage', 'admin']],
  ['GET', '/v1/keys', ['admin']],
  ['GET', '/v1/registration-key', ['admin']],
  ['GET', '/v1/mqtt/users', ['admin']],
  ['PUT', '/v1/mqtt/users/x', ['admin']],
  ['GET', '/v1/dead-letters?stream=intake', ['admin']],
] as const;

describe('scopes', () => {
  it.each(ROUTES)('%s %s is for %j', async (method, path, allowed) => {
    const opened: string[] = [];
    for (const scope of SCOPES) {
      const answer = await api.call(method, path, undefined, bearer(await api.newKey([scope])));
      if (answer.status !== 403) opened.push(scope);
    }
    expect(opened).toEqual(allowed);
  });

  it('are named when they are missing', async () => {
    const answer = await api.call('GET', '/v1/keys', undefined, bearer(await api.newKey(['send', 'manage'])));
    expect(answer).toMatchObject({
      status: 403,
      headers: { 'www-authenticate': 'Bearer error="insufficient_scope", scope="admin"' },
      body: {
        code: 'forbidden',
        detail: 'the key lacks the scope "admin"',
        neededScope: 'admin',
        scopes: ['send', 'manage'],
      },
    });
  });
});
