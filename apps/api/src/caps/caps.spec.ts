import { ApiUnderTest } from '../testing/api-under-test.js';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await ApiUnderTest.start();
});
afterAll(() => api.stop());

it('are set, listed, changed and lifted', async () => {
  expect(await api.call('PUT', '/v1/caps/news', { max: 3, per: '24h' })).toMatchObject({
    status: 201,
    body: { category: 'news', max: 3, per: '1d' },
  });
  expect((await api.call('PUT', '/v1/caps/overall', { max: 9, per: '1w' })).status).toBe(201);
  expect((await api.call('PUT', '/v1/caps/news', { max: 4, per: '90m' })).status).toBe(200);
  expect((await api.call('GET', '/v1/caps')).body).toEqual({
    caps: [
      { category: 'news', max: 4, per: '90m' },
      { category: 'overall', max: 9, per: '7d' },
    ],
  });
  expect((await api.call('GET', '/v1/caps/news')).body).toEqual({ category: 'news', max: 4, per: '90m' });
  expect((await api.call('DELETE', '/v1/caps/news')).status).toBe(204);
  expect((await api.call('DELETE', '/v1/caps/news')).status).toBe(404);
  expect((await api.call('GET', '/v1/caps/news')).status).toBe(404);
});

it.each([
  [{ max: 0, per: '1d' }, '/max'],
  [{ max: 1.5, per: '1d' }, '/max'],
  [{ max: 1 }, '/per'],
  [{ max: 1, per: '1 day' }, '/per'],
  [{ max: 1, per: '0s' }, '/per'],
  [{ max: 1, per: '91d' }, '/per'],
  [{ max: 1, per: '1d', burst: 2 }, '/burst'],
])('%j is refused', async (fields, pointer) => {
  const { status, body } = await api.call('PUT', '/v1/caps/news', fields);
  expect([status, body.faults[0].pointer]).toEqual([400, pointer]);
});

it('hold for what a send says of itself', async () => {
  const send = (more: object) =>
    api.call('POST', '/v1/notifications', { audience: { user: 'anna' }, title: 'Tea', ...more });
  const { body } = await send({ category: 'news', critical: true });
  expect((await api.call('GET', body.links.self)).body).toMatchObject({ category: 'news', critical: true });
  expect((await send({ category: 'overall' })).body.faults).toMatchObject([{ pointer: '/category' }]);
  expect((await send({ critical: 1 })).body.faults).toMatchObject([{ pointer: '/critical' }]);
});
