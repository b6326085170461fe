import { Installation, type GatewayProcess } from '../support/gateway.js';
import { MqttDevice, PollDevice, XmppDevice } from '../support/devices.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

const installation = new Installation();
let gateway: GatewayProcess;
let rest: Rest;

beforeAll(async () => {
  gateway = await installation.start('all-in-one');
  rest = new Rest(gateway.url('HTTP'), installation.adminKey);
});
afterAll(() => installation.end());

const revocations: Record<string, (id: string) => Promise<{ status: number }>> = {
  'has a new token': (id) => rest.post(`/v1/devices/${id}/token`),
  'loses its token': (id) => rest.delete(`/v1/devices/${id}/token`),
  'is deleted': (id) => rest.delete(`/v1/devices/${id}`),
};

describe.each(Object.entries(revocations))('when a device %s', (what, revoke) => {
  const name = what.replaceAll(' ', '-');
  const credentials = async (transport: string) => {
    const id = `${transport}-${name}`;
    return { id, token: await rest.register(id) };
  };

  it('its MQTT connection ends, subscribed or not', async () => {
    for (const subscribes of [true, false]) {
      const device = new MqttDevice(await credentials(`mqtt-${subscribes}`), {
        url: gateway.url('MQTT'),
        protocolVersion: 5,
      });
      const reasons: (number | undefined)[] = [];
      await device.connect(subscribes);
      device.client.on('disconnect', ({ reasonCode }) => reasons.push(reasonCode));
      expect((await revoke(device.credentials.id)).status).toBeLessThan(300);
      await until(
        'the connection ends',
        () => device.client.connected,
        (connected) => !connected,
      );
      expect(reasons).toEqual([0x98]);
      await expect(device.connect()).rejects.toThrow(/refused/i);
    }
  });

  it('its XMPP session ends, available or not', async () => {
    for (const available of [true, false]) {
      const device = new XmppDevice(await credentials(`xmpp-${available}`), { service: gateway.url('XMPP') });
      await device.connect(available);
      expect((await revoke(device.credentials.id)).status).toBeLessThan(300);
      await until(
        'the stream ends',
        () => device.client.status,
        (status) => status !== 'online',
      );
    }
  });

  it('its waiting poll ends, and the next one is refused', async () => {
    const device = new PollDevice(await credentials('poll'), gateway.url('HTTP'));
    const waiting = device.poll(25);
    await until(
      'it waits',
      async () => (await rest.get(`/v1/devices/${device.credentials.id}/presence`)).body.online,
    );
    expect((await revoke(device.credentials.id)).status).toBeLessThan(300);
    expect((await waiting).status).toBe(200);
    expect((await device.poll(0)).status).toBe(401);
  });
});
