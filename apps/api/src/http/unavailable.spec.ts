import { ApiUnderTest } from '../testing/api-under-test.js';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await ApiUnderTest.start();
});
afterAll(() => api.stop());

describe('without Redis', () => {
  it('everything that needs it is unavailable for now', async () => {
    await api.call('PUT', '/v1/devices/phone-1');
    api.client.disconnect();
    for (const answer of [
      await api.call('POST', '/v1/notifications', { audience: { user: 'anna' }, title: 'Tea' }),
      await api.call('PUT', '/v1/devices/phone-1'),
      await api.call('GET', '/v1/devices/phone-1'),
      await api.call('GET', '/v1/stats'),
    ]) {
      expect(answer).toMatchObject({
        status: 503,
        headers: { 'retry-after': '1', 'content-type': expect.stringContaining('application/problem+json') },
        body: { code: 'unavailable' },
      });
    }
  });
});
