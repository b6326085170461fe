import { deriveCredentials } from '@carillon/auth';
import { EdgeRegistry, RedisDevices, RedisNotifications, RedisPresence } from '@carillon/persistence';
import { ApiUnderTest } from '../testing/api-under-test.js';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await ApiUnderTest.start();
});
afterAll(() => api.stop());

const query = (parameters: Record<string, string>): string => new URLSearchParams(parameters).toString();
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const send = (parameters: Record<string, string>, path = 'notification.do') =>
  api.call('GET', `/${path}?${query({ action: 'send', title: 'T', ...parameters })}`);
const sentBy = async ({ body }: { body: { id: string } }) =>
  (await api.app.get(RedisNotifications).find(body.id))!.notification;

describe('/notification.do', () => {
  const everyone = { everyone: true };
  it.each([
    [{}, everyone],
    [{ broadcast: 'Y', username: 'ignored' }, everyone],
    [{ broadcast: '0' }, everyone],
    [{ broadcast: 'N', username: 'ABC' }, { device: 'abc' }],
    [{ broadcast: '1', username: 'abc' }, { device: 'abc' }],
    [{ broadcast: '2', alias: 'anna' }, { user: 'self:anna' }],
    [{ broadcast: '3', tags: 'news, sport,,news' }, { tag: ['self:news', 'self:sport'] }],
    [{ username: '', alias: '' }, everyone],
  ])('%j is for %j', async (parameters, expected) => {
    const answer = await send(parameters as Record<string, string>);
    expect(answer).toMatchObject({ status: 200, body: { result: '0', description: 'success' } });
    expect(answer.headers['cache-control']).toBe('no-store');
    const reference = await api.call('POST', '/v1/notifications', { audience: expected, title: 'T' });
    expect((await sentBy(answer)).audience).toEqual((await sentBy(reference)).audience);
  });

  it('carries what androidpn and its forks give', async () => {
    const answer = await send({
      message: 'M & m',
      uri: 'tel:112',
      image: 'https://example.org/i.png',
      pushtype: '1',
      validTime: '60',
    });
    expect(await sentBy(answer)).toMatchObject({
      kind: 'message',
      title: 'T',
      body: 'M & m',
      uri: 'tel:112',
      data: { imageUrl: 'https://example.org/i.png' },
      ttl: 60,
    });
  });

  it.each(['notification.do', 'notification_api.do'])('takes a form by POST at /%s', async (path) => {
    const body = query({ action: 'send', broadcast: 'N', username: 'abc', title: '', message: 'M' });
    const answer = await api.call('POST', `/${path}`, body, FORM);
    expect([answer.status, answer.body.result]).toEqual([200, '0']);
    expect((await sentBy(answer)).body).toBe('M');
  });

  it('sends once by an idempotency key', async () => {
    const headers = { ...FORM, 'idempotency-key': 'androidpn 1' };
    const body = query({ action: 'send', message: 'once' });
    const ids = [await api.call('POST', '/notification.do', body, headers)];
    ids.push(await api.call('POST', '/notification.do', body, headers));
    expect(ids[0]!.body.id).toBe(ids[1]!.body.id);
  });

  it.each([
    ['no action', { action: '' }, 'action'],
    ['another action', { action: 'list' }, 'action'],
    ['nothing to say', { title: '' }, 'message'],
    ['a target without its kind, which would be everybody', { username: 'abc' }, 'broadcast'],
    ['an alias without its kind', { alias: 'anna' }, 'broadcast'],
    ['no such kind', { broadcast: '4' }, 'broadcast'],
    ['a user without a name', { broadcast: 'N' }, 'username'],
    ['a name that no device has', { broadcast: '1', username: 'a b' }, 'username'],
    ['an alias that cannot be', { broadcast: '2', alias: 'a b' }, 'alias'],
    ['no tags', { broadcast: '3', tags: ',' }, 'tags'],
    ['a tag that cannot be', { broadcast: '3', tags: 'a/b' }, 'tags'],
    ['a URI with a space', { uri: 'a b' }, 'uri'],
    ['no such push type', { pushtype: '2' }, 'pushtype'],
    ['a time that is none', { validTime: 'soon' }, 'validTime'],
    ['a time too long', { validTime: '2592001' }, 'validTime'],
    ['an unknown parameter', { user_name: 'abc' }, 'user_name'],
    ['a key in the address', { apiKey: 'ck_1' }, 'apiKey'],
  ])('refuses %s', async (_, parameters, pointer) => {
    const { status, body } = await send(parameters as unknown as Record<string, string>);
    expect([status, body.result, body.code, body.faults[0].pointer]).toEqual([
      400,
      '1',
      'invalid-request',
      pointer,
    ]);
    expect(body.description).toBe(body.detail);
  });

  it('refuses a parameter that comes twice', async () => {
    const { body } = await api.call('GET', '/notification.do?action=send&title=a&title=b');
    expect(body.description).toContain('given twice');
  });

  it.each([
    ['no key', {}, 401],
    ['a key for reading', { scopes: ['read'] }, 403],
  ] as const)('refuses %s', async (_, key, status) => {
    const authorization = 'scopes' in key ? `Bearer ${await api.newKey(key.scopes)}` : '';
    const answer = await api.call('GET', '/notification.do?action=send&title=T', undefined, {
      authorization,
    });
    expect(answer).toMatchObject({ status, body: { result: '1', description: expect.any(String) } });
  });

  it('sends nothing by HEAD', async () => {
    const before = await api.client.xlen(api.store.keys.intake(0));
    const authorization = `Bearer ${await api.newKey(['send'])}`;
    const url = '/notification.do?action=send&title=T';
    const { statusCode } = await api.app.inject({ method: 'HEAD', url, headers: { authorization } });
    expect([404, 405]).toContain(statusCode);
    expect(await api.client.xlen(api.store.keys.intake(0))).toBe(before);
  });
});

describe('/user_api.do', () => {
  const list = (parameters: Record<string, string> = {}) =>
    api.call('GET', `/user_api.do?${query(parameters)}`);

  it('lists the devices, those online, those offline, and those since a time', async () => {
    const devices = api.app.get(RedisDevices);
    const credentials = await deriveCredentials('token');
    for (const id of ['on', 'off']) await devices.create('default', id, {}, credentials);
    await devices.create('other', 'theirs', {}, credentials);
    await api.app.get(EdgeRegistry).heartbeat('edge-1', Date.now());
    await api.app.get(RedisPresence).claim('on', credentials.tokenHash, 'xmpp', 'edge-1');
    const names = async (parameters: Record<string, string>): Promise<string[]> =>
      ((await list(parameters)).body.data as string[]).sort();
    expect(await names({})).toEqual(['off', 'on']);
    expect(await names({ online: '1' })).toEqual(['on']);
    expect(await names({ online: '0', from: '2020-01-01 00:00:00' })).toEqual(['off']);
    expect(await names({ from: '2999-01-01 00:00:00' })).toEqual([]);
  });

  it.each([
    [{ from: 'yesterday' }, 'from'],
    [{ from: '2026-02-30 00:00:00' }, 'from'],
    [{ online: 'yes' }, 'online'],
    [{ cursor: 'x' }, 'cursor'],
    [{ limit: '5' }, 'limit'],
  ])('refuses %j', async (parameters, pointer) => {
    const { status, body } = await list(parameters as unknown as Record<string, string>);
    expect([status, body.result, body.faults[0].pointer]).toEqual([400, '1', pointer]);
  });
});
