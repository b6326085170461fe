import { connect, type Socket } from 'node:net';
import { MqttDevice, PollDevice, XmppDevice } from '../support/devices.js';
import { Installation } from '../support/gateway.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

/** SIGTERM ends each process by itself, whatever is connected to it. */
const installation = new Installation();
afterAll(() => installation.end());

/** A peer that says nothing, reads nothing and does not go. */
function deadWeight(url: string, firstWords = ''): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  socket.on('error', () => undefined);
  socket.write(firstWords);
  return socket.pause();
}

it('with code 0, in time, though peers neither answer nor go', async () => {
  const [api, worker, edge] = await Promise.all([
    installation.start('api'),
    installation.start('worker'),
    installation.start('edge'),
  ]);
  const rest = new Rest(api.url('HTTP'), installation.adminKey);
  const credentials = async (id: string) => ({ id, token: await rest.register(id, { tags: ['all'] }) });
  const mqtt = new MqttDevice(await credentials('mqtt'), { url: edge.url('MQTT') });
  const xmpp = new XmppDevice(await credentials('xmpp'), { service: edge.url('XMPP') });
  const poll = new PollDevice(await credentials('poll'), edge.url('HTTP'));
  await Promise.all([mqtt, xmpp, poll].map((device) => device.connect()));
  const weights = [
    ...['MQTT', 'MQTT TLS', 'XMPP', 'XMPP TLS', 'HTTP'].map((listener) => deadWeight(edge.url(listener))),
    deadWeight(edge.url('HTTP'), 'POST /v1/inbox/ack HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf'),
    deadWeight(
      edge.url('XMPP'),
      "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>",
    ),
    deadWeight(api.url('HTTP'), 'GET /v1/devices HTTP/1.1\r\nHost: x\r\n'),
  ];
  const sent = await rest.send({ audience: { tag: 'all' } });
  await until(
    'the receipts',
    async () => (await rest.get(`/v1/notifications/${sent}`)).body.counts.acknowledged === 3,
  );

  for (const process of [edge, worker, api]) {
    const begun = Date.now();
    expect(await process.end('SIGTERM')).toBe(true);
    expect(Date.now() - begun).toBeLessThan(9_000);
  }
  await poll.disconnect();
  await Promise.all([mqtt.disconnect(), xmpp.disconnect().catch(() => undefined)]);
  for (const socket of weights) socket.destroy();
}, 60_000);

it('with code 0, when told so the moment it runs', async () => {
  const apps = ['api', 'worker', 'edge'] as const;
  const ends = apps.map(async (app) => (await installation.start(app)).end('SIGTERM'));
  expect(await Promise.all(ends)).toEqual(apps.map(() => true));
}, 120_000);
