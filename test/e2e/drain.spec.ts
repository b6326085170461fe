import { Installation } from '../support/gateway.js';
import { MqttDevice, PollDevice, XmppDevice } from '../support/devices.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

/** SIGTERM: devices are told in their own protocol, and the process ends by itself. */
it('ends every connection in its protocol’s own way and loses nothing', async () => {
  const installation = new Installation();
  try {
    const gateway = await installation.start('all-in-one');
    const rest = new Rest(gateway.url('HTTP'), installation.adminKey);
    const credentials = async (id: string) => ({ id, token: await rest.register(id, { tags: ['all'] }) });
    const mqtt = new MqttDevice(await credentials('mqtt-5'), {
      url: gateway.url('MQTT'),
      protocolVersion: 5,
    });
    const xmpp = new XmppDevice(await credentials('xmpp'), { service: gateway.url('XMPP') });
    const poll = new PollDevice(await credentials('poll'), gateway.url('HTTP'), false);
    await mqtt.connect();
    await xmpp.connect();
    const reasons: (number | undefined)[] = [];
    mqtt.client.on('disconnect', ({ reasonCode }) => reasons.push(reasonCode));
    const streamErrors: string[] = [];
    xmpp.client.on('error', (error: Error & { condition?: string }) =>
      streamErrors.push(error.condition ?? error.message),
    );
    const polled = poll.poll(25).then(async (answer) => [answer.status, await answer.json()]);
    await until('the poll waits', async () => (await rest.get('/v1/devices/poll/presence')).body.online);

    expect(await gateway.end('SIGTERM')).toBe(true);
    expect(reasons).toEqual([0x8b]);
    await until('the stream error', () => streamErrors.includes('system-shutdown'));
    expect(await polled).toEqual([200, { notifications: [], cursor: '0' }]);

    const elsewhere = {
      CARILLON_MQTT_DRAIN_CODE: '0x9c',
      CARILLON_MQTT_SERVER_REFERENCE: 'b.example:1883',
      CARILLON_XMPP_OTHER_HOST: 'b.example:5222',
    };
    const next = await installation.start('all-in-one', elsewhere);
    const again = new Rest(next.url('HTTP'), installation.adminKey);
    for (const id of ['mqtt-5', 'xmpp', 'poll']) {
      expect((await again.get(`/v1/devices/${id}/presence`)).body.online).toBe(false);
    }

    const sentAway = new MqttDevice(mqtt.credentials, { url: next.url('MQTT'), protocolVersion: 5 });
    await sentAway.connect();
    const goodbyes: unknown[] = [];
    sentAway.client.on('disconnect', ({ reasonCode, properties }) =>
      goodbyes.push(reasonCode, properties?.serverReference),
    );
    const moved = new XmppDevice(xmpp.credentials, { service: next.url('XMPP') });
    await moved.connect();
    const elements: string[] = [];
    // The client goes there by itself.
    moved.client.on('element', (element) => elements.push(String(element)));
    expect(await next.end('SIGTERM')).toBe(true);
    expect(goodbyes).toEqual([0x9c, 'b.example:1883']);
    const named = />b\.example:5222<\/see-other-host>/;
    await until('the other host', () => elements.some((element) => named.test(element)));
    await moved.disconnect();
  } finally {
    await installation.end();
  }
}, 60_000);
