import { opensRegistration } from '@carillon/auth';
import { RedisRegistrationKeys } from '@carillon/persistence';
import { ApiUnderTest } from '../testing/api-under-test.js';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await ApiUnderTest.start();
});
afterAll(() => api.stop());

const PATH = '/v1/registration-key';
/** An app of its own, by the key of its admin. */
const appOf = async (app: string) => {
  const headers = { authorization: `Bearer ${await api.newKey(['admin'], app)}` };
  const call = (method: 'GET' | 'POST' | 'DELETE', body?: unknown) => api.call(method, PATH, body, headers);
  return call;
};
const opens = async ({ id, key }: { id: string; key: string }): Promise<boolean> => {
  const stored = await api.app.get(RedisRegistrationKeys).find(id);
  return stored !== undefined && opensRegistration(stored, key);
};

describe('the registration key', () => {
  it('is shown once, and known by its id from then on', async () => {
    const call = await appOf('shop');
    expect(await call('GET')).toMatchObject({ status: 404, body: { code: 'not-found' } });
    const { status, body } = await call('POST');
    expect([status, body]).toEqual([
      201,
      {
        id: expect.stringMatching(/^[0-9a-f]{8}$/),
        createdAt: expect.any(String),
        key: expect.stringMatching(/^rk-/),
      },
    ]);
    const { key, ...rest } = body;
    expect((await call('GET')).body).toEqual(rest);
    const stored = await api.client.hgetall(api.store.keys.registrationKey(body.id));
    expect(stored).toMatchObject({ app: 'shop' });
    expect(JSON.stringify(stored)).not.toContain(key.slice(-40));
    expect(await opens(body)).toBe(true);
  });

  it('takes the place of the one before, at once or after a while', async () => {
    const call = await appOf('rotating');
    const first = (await call('POST')).body;
    const second = (await call('POST', { graceSeconds: 60 })).body;
    expect([await opens(first), await opens(second)]).toEqual([true, true]);
    const life = await api.client.pttl(api.store.keys.registrationKey(first.id));
    expect(life).toBeGreaterThan(50_000);
    expect(life).toBeLessThanOrEqual(60_000);
    const third = (await call('POST', { graceSeconds: 60 })).body;
    expect([await opens(first), await opens(second), await opens(third)]).toEqual([false, true, true]);
    const fourth = (await call('POST')).body;
    const all = await Promise.all([first, second, third, fourth].map(opens));
    expect(all).toEqual([false, false, false, true]);
  });

  it('is one, however many are made at the same time', async () => {
    const call = await appOf('raced');
    const made = (await Promise.all(Array.from({ length: 10 }, () => call('POST')))).map(({ body }) => body);
    const open = (await Promise.all(made.map(async (each) => ((await opens(each)) ? each.id : [])))).flat();
    expect(open).toEqual([(await call('GET')).body.id]);
  });

  it('goes with the one before it', async () => {
    const call = await appOf('closing');
    const first = (await call('POST')).body;
    const second = (await call('POST', { graceSeconds: 60 })).body;
    expect((await call('DELETE')).status).toBe(204);
    expect([await opens(first), await opens(second)]).toEqual([false, false]);
    expect((await call('GET')).status).toBe(404);
    expect((await call('DELETE')).status).toBe(404);
  });

  it.each([
    ['a grace below nothing', { graceSeconds: -1 }, '/graceSeconds'],
    ['a grace beyond a year', { graceSeconds: 31_536_001 }, '/graceSeconds'],
    ['another app', { app: 'other' }, '/app'],
  ])('cannot have %s', async (_, body, pointer) => {
    const call = await appOf('picky');
    expect(await call('POST', body)).toMatchObject({ status: 400, body: { faults: [{ pointer }] } });
  });
});
