import { xml } from '@xmpp/client';
import { XmppDevice } from '../support/devices.js';
import { type GatewayProcess, Installation } from '../support/gateway.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';
import { type HookEvent, WebhookEndpoint } from '../support/webhook-endpoint.js';
import { XmppWire } from '../support/xmpp-wire.js';

/** A phone that has its own push service told while it is away (XEP-0357), with an unmodified @xmpp/client; and what else clients keep with their account. */
const installation = new Installation({ CARILLON_WEBHOOK_NETWORKS: '127.0.0.0/8' });
const PUSH = 'urn:xmpp:push:0';
let gateway: GatewayProcess;
let rest: Rest;
let endpoint: WebhookEndpoint;
beforeAll(async () => {
  gateway = await installation.start('all-in-one');
  rest = new Rest(gateway.url('HTTP'), installation.adminKey);
  endpoint = await WebhookEndpoint.start();
  const hook = await rest.post('/v1/webhooks', { url: endpoint.url, events: ['push.requested'] });
  endpoint.secrets = [hook.body.secret];
  // Workers look at the list once a second.
  await new Promise((resolve) => setTimeout(resolve, 1_200));
});
afterAll(() => {
  endpoint.stop();
  return installation.end();
});

const deviceOf = async (id: string): Promise<XmppDevice> => {
  const device = new XmppDevice({ id, token: await rest.register(id) }, { service: gateway.url('XMPP') });
  await device.connect();
  return device;
};
const set = ({ client }: XmppDevice, payload: ReturnType<typeof xml>) =>
  client.iqCaller.request(xml('iq', { type: 'set' }, payload));
const form = (secret: string) => {
  const field = (name: string, value: string) => xml('field', { var: name }, xml('value', {}, value));
  const type = field('FORM_TYPE', 'http://jabber.org/protocol/pubsub#publish-options');
  return xml('x', { xmlns: 'jabber:x:data', type: 'submit' }, type, field('secret', secret));
};
const enable = (device: XmppDevice, node: string) =>
  set(device, xml('enable', { xmlns: PUSH, jid: 'push.example.org', node }, form('s3cret')));
const wokenBy = (id: string): HookEvent[] =>
  endpoint.events.filter(({ notificationId }) => notificationId === id);
const connected = async (id: string): Promise<number> =>
  (await rest.get(`/v1/devices/${id}/presence`)).body.connections.length;

it('the service is told of what waits, with what the client gave for it, and not while a stream is there', async () => {
  const device = await deviceOf('sleeper');
  await enable(device, 'token-1');
  const seen = await rest.send({ audience: { device: 'sleeper' } });
  await device.expect(1);
  const acknowledged = async () => (await rest.get(`/v1/notifications/${seen}`)).body.counts.acknowledged;
  await until('the acknowledgement', acknowledged, (n) => n === 1);
  await device.disconnect();
  await until(
    'it is away',
    () => connected('sleeper'),
    (n) => n === 0,
  );
  const sent = await rest.send({ audience: { device: 'sleeper' } });
  await until('the request', () => wokenBy(sent).length === 1);
  expect(wokenBy(sent)[0]).toMatchObject({
    type: 'push.requested',
    deviceId: 'sleeper',
    push: { service: 'push.example.org', node: 'token-1', options: { secret: ['s3cret'] } },
  });
  expect(wokenBy(seen)).toEqual([]);
  await device.connect();
  expect(await device.expect(2)).toEqual([seen, sent]);
  await device.disconnect();
});

it('is told when the line is lost with something under way, and no more once it is disabled', async () => {
  const token = await rest.register('lost');
  const { wire } = await XmppWire.secured(gateway.url('XMPP'), 'localhost');
  await wire.logIn('lost', token, 'localhost');
  await wire.ask('set', 'e', `<enable xmlns='${PUSH}' jid='push.example.org' node='token-2'/>`);
  wire.send('<presence/>');
  const sent = await rest.send({ audience: { device: 'lost' } });
  // It takes what comes and acknowledges nothing.
  await wire.expect('the push', ({ attrs }) => attrs.id === sent);
  wire.cut();
  const woken = () => endpoint.events.filter(({ deviceId }) => deviceId === 'lost');
  await until('the request', () => woken().length > 0);
  expect(woken()[0]!.id).toMatch(/^asleep-\d+\.lost\.0$/);
  const { wire: back } = await XmppWire.secured(gateway.url('XMPP'), 'localhost');
  await back.logIn('lost', token, 'localhost');
  expect((await back.ask('set', 'd', `<disable xmlns='${PUSH}' jid='push.example.org'/>`)).attrs.type).toBe(
    'result',
  );
  await back.close();
  const before = woken().length;
  const [later, other] = [
    await rest.send({ audience: { device: 'lost' } }),
    await rest.send({ audience: { device: 'sleeper' } }),
  ];
  await until('the other one is told', () => wokenBy(other).length === 1);
  expect(wokenBy(later)).toEqual([]);
  expect(woken()).toHaveLength(before);
});

it('a backend forgets services of phones that are gone, and reads what clients keep', async () => {
  const device = await deviceOf('keeper');
  await enable(device, 'a');
  await enable(device, 'b');
  await set(device, xml('block', { xmlns: 'urn:xmpp:blocking' }, xml('item', { jid: 'spam@example.org' })));
  const kept = xml('notes', { xmlns: 'urn:example:notes' }, 'milk');
  await set(device, xml('query', { xmlns: 'jabber:iq:private' }, kept));
  const records = async (): Promise<string[]> => {
    const { body } = await rest.get('/v1/devices/keeper/export');
    return body.records.map(({ kind, name }: Record<string, string>) => `${kind} ${name}`).sort();
  };
  expect(await records()).toEqual([
    'blocked spam@example.org',
    'private notes urn:example:notes',
    'push push.example.org\na',
    'push push.example.org\nb',
  ]);
  const path = '/v1/devices/keeper/push-services';
  expect((await rest.delete(`${path}?service=push.example.org&node=a`)).status).toBe(204);
  expect((await records()).filter((each) => each.startsWith('push'))).toEqual(['push push.example.org\nb']);
  expect((await rest.delete(path)).status).toBe(204);
  expect((await records()).filter((each) => each.startsWith('push'))).toEqual([]);
  expect((await rest.delete('/v1/devices/nobody/push-services')).status).toBe(404);
  await device.disconnect();
  await device.connect();
  const query = xml('query', { xmlns: 'jabber:iq:private' }, xml('notes', { xmlns: 'urn:example:notes' }));
  const answer = await device.client.iqCaller.request(xml('iq', { type: 'get' }, query));
  expect(answer.getChild('query', 'jabber:iq:private')!.getChildText('notes')).toBe('milk');
  await device.disconnect();
});
