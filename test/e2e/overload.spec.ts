import { PollDevice } from '../support/devices.js';
import { Installation } from '../support/gateway.js';
import { RedisServer } from '../support/redis-server.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';
import { createRedis } from '@carillon/redis';

it('refuses what is new while Redis is nearly full, and brings what was accepted', async () => {
  const redis = await RedisServer.start();
  const installation = new Installation({ REDIS_URL: redis.url });
  const admin = createRedis({ urls: [redis.url] });
  try {
    const gateway = await installation.start('all-in-one');
    const rest = new Rest(gateway.url('HTTP'), installation.adminKey);
    const token = await rest.register('phone');
    const accepted = await rest.send({ audience: { device: 'phone' } });
    const send = () => rest.post('/v1/notifications', { audience: { device: 'phone' }, title: 'x' });
    const batch = () =>
      rest.post('/v1/notifications/batch', {
        notifications: [{ audience: { device: 'phone' }, title: 'x' }],
      });

    // So that a share of the memory is more than what one second brings.
    await admin.call('SETRANGE', 'filler', '60000000', 'x');
    const used = Number(/^used_memory:(\d+)/m.exec(await admin.info('memory'))![1]);
    await admin.call('CONFIG', 'SET', 'maxmemory', String(Math.round(used * 1.08)));
    const refused = await until('sends are refused', send, ({ status }) => status !== 202);
    expect(refused.status).toBe(503);
    expect(refused.body.code).toBe('unavailable');
    expect(Number(refused.headers.get('retry-after'))).toBe(30);
    expect((await batch()).status).toBe(503);
    const page = await new PollDevice({ id: 'phone', token }, gateway.url('HTTP')).poll(0);
    const { notifications } = (await page.json()) as { notifications: { id: string }[] };
    expect(notifications.map(({ id }) => id)).toContain(accepted);

    await admin.call('CONFIG', 'SET', 'maxmemory', '0');
    await until('sends are accepted again', send, ({ status }) => status === 202);
    expect((await batch()).status).toBe(202);
  } finally {
    admin.disconnect();
    await installation.end();
    await redis.end();
  }
}, 60_000);

it('refuses what is new while the work streams are long', async () => {
  const installation = new Installation({ CARILLON_MAX_BACKLOG: '3' });
  try {
    const gateway = await installation.start('api');
    const rest = new Rest(gateway.url('HTTP'), installation.adminKey);
    const headers = { 'idempotency-key': 'first' };
    const body = { audience: { everyone: true }, title: 'x' };
    const first = await rest.post('/v1/notifications', body, headers);
    expect(first.status).toBe(202);
    const send = () => rest.post('/v1/notifications', body);
    const refused = await until('sends are refused', send, ({ status }) => status !== 202);
    expect(refused).toMatchObject({ status: 429, body: { code: 'too-many-requests' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    // What was accepted before is answered as it was.
    expect((await rest.post('/v1/notifications', body, headers)).body).toEqual(first.body);
    await installation.start('worker');
    await until('sends are accepted again', send, ({ status }) => status === 202);
  } finally {
    await installation.end();
  }
}, 60_000);
