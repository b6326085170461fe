import { MAX_MQTT_USERS } from '@carillon/domain';
import { ApiUnderTest } from '../testing/api-under-test.js';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await ApiUnderTest.start();
});
afterAll(() => api.stop());

const path = (name: string) => `/v1/mqtt/users/${encodeURIComponent(name)}`;
const put = (name: string, body: unknown = {}) => api.call('PUT', path(name), body);
const rules = [
  { right: 'readwrite', filter: 'orders/%c/#' },
  { right: 'deny', filter: 'orders/+/secret' },
];
const stored = (name: string) => api.client.hgetall(api.store.keys.mqttUser(name));

describe('MQTT users', () => {
  it('are made with a password that is shown once, read, listed and deleted', async () => {
    const { status, headers, body } = await put('orders', { rules });
    expect([status, headers.location]).toEqual([201, '/v1/mqtt/users/orders']);
    expect(body).toEqual({
      name: 'orders',
      rules,
      createdAt: expect.any(String),
      changedAt: expect.any(String),
      password: expect.stringMatching(/^[\w-]{43}$/),
    });
    const { password, ...view } = body;
    expect(JSON.stringify(await stored('orders'))).not.toContain(password);
    expect((await api.call('GET', path('orders'))).body).toEqual(view);
    expect((await api.call('GET', '/v1/mqtt/users')).body.users).toContainEqual(view);
    expect((await api.call('DELETE', path('orders'))).status).toBe(204);
    for (const method of ['GET', 'DELETE'] as const) {
      expect((await api.call(method, path('orders'))).status).toBe(404);
    }
    expect(await stored('orders')).toEqual({});
    expect((await api.call('GET', '/v1/mqtt/users')).body.users).toEqual([]);
  });

  it('are replaced: rules that are not given are none, a password that is not given stays', async () => {
    const password = 'a password of my own';
    const first = await put('replaced', { rules, password });
    expect(first).toMatchObject({ status: 201, body: { rules } });
    expect(first.body).not.toHaveProperty('password');
    const { keys, revision } = await stored('replaced');
    expect(JSON.parse(keys!)).toMatchObject({ iterations: 50_000 });
    const second = await put('replaced');
    expect(second).toMatchObject({ status: 200, body: { rules: [], createdAt: first.body.createdAt } });
    expect(second.body).not.toHaveProperty('password');
    const again = await stored('replaced');
    expect(again.keys).toBe(keys);
    expect(again.revision).not.toBe(revision);
    await put('replaced', { password });
    expect((await stored('replaced')).keys).not.toBe(keys);
  });

  it.each([
    ['a short password', { password: 'short' }, '/password'],
    ['a password that SASLprep would change', { password: 'pässword-pässword' }, '/password'],
    ['a right that is none', { rules: [{ right: 'all', filter: 'a' }] }, '/rules'],
    ['a filter that is none', { rules: [{ right: 'read', filter: 'a/#/b' }] }, '/rules'],
    ['a rule with more in it', { rules: [{ right: 'read', filter: 'a', x: 1 }] }, '/rules'],
    ['too many rules', { rules: Array.from({ length: 101 }, () => rules[0]) }, '/rules'],
    ['an unknown field', { topics: [] }, '/topics'],
  ])('cannot have %s', async (_, body, pointer) => {
    expect(await put('faulty', body)).toMatchObject({ status: 400, body: { faults: [{ pointer }] } });
    expect(await stored('faulty')).toEqual({});
  });

  it.each(['a:b', 'a+b', '#', 'a b', 'a/b', 'x'.repeat(129)])('cannot be called %s', async (name) => {
    expect((await put(name)).status).toBe(400);
  });

  it('cannot take the place of a device', async () => {
    await api.call('PUT', '/v1/devices/phone-1', {});
    expect(await put('phone-1')).toMatchObject({ status: 409, body: { code: 'conflict' } });
  });

  it('are a thousand at most', async () => {
    const revisions = Array.from({ length: MAX_MQTT_USERS }, (_, i) => [`u${i}`, 'x']).flat();
    await put('last', {});
    await api.client.hset(api.store.keys.mqttUsers(), ...revisions);
    expect(await put('one-too-many')).toMatchObject({ status: 409, body: { code: 'conflict' } });
    expect((await put('last')).status).toBe(200);
    await api.client.hdel(api.store.keys.mqttUsers(), ...revisions.filter((_, i) => i % 2 === 0));
  });
});
