import { Installation } from '../support/gateway.js';
import { MqttDevice, XmppDevice } from '../support/devices.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

/** Longer than the others wait before they take an edge for dead (20 s), ms. */
const SILENCE = 23_000;

it('an edge that was silent for long is taken for dead, and claims its connections again when it is back', async () => {
  const installation = new Installation();
  try {
    const api = await installation.start('api');
    await installation.start('worker');
    const edge = await installation.start('edge');
    const rest = new Rest(api.url('HTTP'), installation.adminKey);
    const credentials = async (id: string) => ({ id, token: await rest.register(id) });
    const devices = [
      new MqttDevice(await credentials('quiet-mqtt'), { url: edge.url('MQTT') }),
      new XmppDevice(await credentials('quiet-xmpp'), { service: edge.url('XMPP') }),
    ];
    for (const device of devices) await device.connect();
    const isOnline = async ({ credentials: { id } }: { credentials: { id: string } }): Promise<boolean> =>
      (await rest.get(`/v1/devices/${id}/presence`)).body.online;
    for (const device of devices) await until('it is online', () => isOnline(device));

    process.kill(edge.pid, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, SILENCE));
    for (const device of devices) expect(await isOnline(device)).toBe(false);
    process.kill(edge.pid, 'SIGCONT');

    for (const device of devices) {
      await until('it is online again', () => isOnline(device), Boolean, 15_000);
      const sent = await rest.send({ audience: { device: device.credentials.id }, ttl: 0 });
      const began = Date.now();
      expect(await device.expect(1)).toEqual([sent]);
      // By a hint, not by the reconciliation that comes every half minute.
      expect(Date.now() - began).toBeLessThan(5_000);
      await device.disconnect();
    }
  } finally {
    await installation.end();
  }
}, 90_000);
