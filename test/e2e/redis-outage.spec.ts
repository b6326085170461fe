import { Installation } from '../support/gateway.js';
import { MqttDevice, PollDevice, XmppDevice } from '../support/devices.js';
import { RedisServer } from '../support/redis-server.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

it('rides out a Redis that is killed: devices stay connected, sends get 503, what was accepted arrives', async () => {
  const redis = await RedisServer.start();
  const installation = new Installation({ REDIS_URL: redis.url });
  try {
    const gateway = await installation.start('all-in-one');
    const rest = new Rest(gateway.url('HTTP'), installation.adminKey);
    const credentials = async (id: string) => ({ id, token: await rest.register(id, { tags: ['all'] }) });
    const devices = [
      new MqttDevice(await credentials('mqtt'), { url: gateway.url('MQTT') }),
      new XmppDevice(await credentials('xmpp'), { service: gateway.url('XMPP') }),
      new PollDevice(await credentials('poll'), gateway.url('HTTP')),
    ];
    for (const device of devices) await device.connect();
    let lost = 0;
    (devices[0] as MqttDevice).client.on('close', () => lost++);
    (devices[1] as XmppDevice).client.on('disconnect', () => lost++);
    const expected = [await rest.send({ audience: { tag: 'all' } })];
    expected.push(
      await rest.send({ audience: { tag: 'all' }, at: new Date(Date.now() + 1_000).toISOString() }),
    );

    await redis.kill();
    const refused = await rest.post('/v1/notifications', { audience: { tag: 'all' }, title: 'x' });
    expect(refused).toMatchObject({ status: 503, body: { code: 'unavailable' } });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await rest.get('/health/ready')).status).toBe(503);
    expect((await rest.get('/health/live')).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await redis.start();

    await until('it is ready again', async () => (await rest.get('/health/ready')).status === 200);
    expected.push(await rest.send({ audience: { tag: 'all' } }));
    for (const device of devices) {
      await until('all have come', () => expected.every((id) => device.ids.includes(id)), Boolean, 20_000);
      expect(device.ids.filter((id) => !expected.includes(id))).toEqual([]);
    }
    expect(lost).toBe(0);
    await until(
      'the last receipts',
      async () => (await rest.get(`/v1/notifications/${expected[2]}`)).body.counts,
      ({ acknowledged, pending }) => acknowledged === 3 && pending === 0,
    );
    await Promise.all(devices.map((device) => device.disconnect()));
  } finally {
    await installation.end();
    await redis.end();
  }
}, 60_000);
