import { MqttDevice, PollDevice, XmppDevice } from '../support/devices.js';
import { Installation, type GatewayProcess } from '../support/gateway.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

const installation = new Installation();
let gateway: GatewayProcess;
let rest: Rest;

beforeAll(async () => {
  gateway = await installation.start('all-in-one', { CARILLON_DEVICE_CONNECTIONS: 'single' });
  rest = new Rest(gateway.url('HTTP'), installation.adminKey);
});
afterAll(() => installation.end());

const send = (audience: object) => rest.send({ audience });
const delivery = async (notification: string, device: string) =>
  (await rest.get(`/v1/notifications/${notification}/deliveries/${device}`)).body;

describe('a device that goes to another user', () => {
  it('takes nothing along that was meant for the former one, and gets what is sent to the new one', async () => {
    const token = await rest.register('tablet', { user: 'ann' });
    const sent = [await send({ user: 'ann' }), await send({ device: 'tablet' })];
    for (const id of sent)
      await until(
        'it waits',
        async () => (await delivery(id, 'tablet')).state,
        (state) => state === 'queued',
      );
    expect((await rest.call('PATCH', '/v1/devices/tablet', { user: 'bob' })).status).toBe(200);
    for (const id of sent) {
      const { state, steps } = await delivery(id, 'tablet');
      expect([state, steps.at(-1).detail]).toEqual(['purged', 'owner changed']);
    }
    const [toAnn, toBob] = [await send({ user: 'ann' }), await send({ user: 'bob' })];
    const page = await new PollDevice({ id: 'tablet', token }, gateway.url('HTTP')).poll(10);
    const { notifications } = (await page.json()) as { notifications: { id: string }[] };
    const ids = notifications.map(({ id }) => id);
    expect(ids).toEqual([toBob]);
    expect((await rest.get(`/v1/notifications/${toAnn}`)).body.counts.queued).toBe(0);
  });
});

describe('with one connection a device', () => {
  it('a newer one ends the older, whatever its transport', async () => {
    const credentials = { id: 'single', token: await rest.register('single') };
    const mqtt = new MqttDevice(credentials, { url: gateway.url('MQTT'), protocolVersion: 5 });
    const reasons: (number | undefined)[] = [];
    await mqtt.connect();
    mqtt.client.on('disconnect', ({ reasonCode }) => reasons.push(reasonCode));
    const xmpp = new XmppDevice(credentials, { service: gateway.url('XMPP') });
    await xmpp.connect();
    await until(
      'the MQTT connection ends',
      () => mqtt.client.connected,
      (connected) => !connected,
    );
    expect(reasons).toEqual([0x8e]);
    const { connections } = (await rest.get('/v1/devices/single/presence')).body;
    expect(connections.map(({ transport }: { transport: string }) => transport)).toEqual(['xmpp']);
    await xmpp.disconnect();
  });
});
