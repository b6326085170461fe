import { MqttDevice, PollDevice, type TestDevice, XmppDevice } from '../support/devices.js';
import { type GatewayProcess, Installation } from '../support/gateway.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

/** What devices are told: by their language, by the transport that carries it, with their own variables. */
const installation = new Installation();
let gateway: GatewayProcess;
let rest: Rest;

beforeAll(async () => {
  gateway = await installation.start('all-in-one');
  rest = new Rest(gateway.url('HTTP'), installation.adminKey);
});
afterAll(() => installation.end());

const mqtt = async (id: string, record: object = {}) =>
  new MqttDevice({ id, token: await rest.register(id, record) }, { url: gateway.url('MQTT') });
const xmpp = async (id: string, record: object = {}) =>
  new XmppDevice({ id, token: await rest.register(id, record) }, { service: gateway.url('XMPP') });
const poll = async (id: string, record: object = {}) =>
  new PollDevice({ id, token: await rest.register(id, record) }, gateway.url('HTTP'));

/** Title and body of everything that a device was given. */
const told = ({ received }: TestDevice) => received.map(({ title, body }) => [title, body]);
const sent = (id: string) =>
  until(
    'it is sent',
    async () => (await rest.get(`/v1/notifications/${id}`)).body,
    ({ status }) => status === 'sent',
  );
const delivery = async (id: string, device: string) =>
  (await rest.get(`/v1/notifications/${id}/deliveries/${device}`)).body;

it('differs by language, transport and device, for devices that are connected and for those that come later', async () => {
  const template = {
    title: 'Hello {{ device.attributes.name | default: "you" }}',
    body: 'Order {{ order }}',
    locales: { de: { title: 'Hallo {{ device.attributes.name }}' }, 'zh-Hant': { title: '你好' } },
    overrides: {
      mqtt: { body: '#{{ order }}' },
      poll: { body: 'Poll {{ order }}', locales: { de: { body: 'Abruf' } } },
    },
  };
  expect((await rest.put('/v1/templates/order', template)).status).toBe(201);
  const group = { tags: ['told'] };
  const phones = await Promise.all([
    mqtt('told-mqtt', { ...group, locale: 'de-AT', attributes: { name: 'Anna' } }),
    xmpp('told-xmpp', { ...group, locale: 'zh-Hant-TW' }),
    poll('told-poll', { ...group, locale: 'de', attributes: { name: 'Bob' } }),
    mqtt('told-other', { ...group, attributes: { name: 'Eve' } }),
    xmpp('told-late', { ...group, locale: 'de', attributes: { name: 'Late' } }),
    poll('told-last', group),
  ]);
  const [online, late] = [phones.slice(0, 4), phones.slice(4)];
  await Promise.all(online.map((phone) => phone.connect()));
  const id = await send({ audience: { tag: 'told' }, template: 'order', variables: { order: 4711 } });
  await Promise.all(online.map((phone) => phone.expect(1)));
  await sent(id);
  // What the template and the devices become afterwards changes nothing for those who have it in their inboxes.
  await rest.put('/v1/templates/order', { title: 'Something else' });
  await rest.patch('/v1/devices/told-late', { locale: 'fr' });
  await Promise.all(late.map((phone) => phone.connect()));
  await Promise.all(late.map((phone) => phone.expect(1)));
  expect(phones.map(told)).toEqual([
    [['Hallo Anna', '#4711']],
    [['你好', 'Order 4711']],
    [['Hallo Bob', 'Abruf']],
    [['Hello Eve', '#4711']],
    [['Hallo Late', 'Order 4711']],
    [['Hello you', 'Poll 4711']],
  ]);
  await Promise.all(phones.map((phone) => phone.disconnect()));
});

it('is the same again over another transport, in the words of that one', async () => {
  const token = await rest.register('roams', { attributes: { n: 7 } });
  const template = {
    title: 'Seven is {{ device.attributes.n }}',
    overrides: { xmpp: { title: 'X{{ device.attributes.n }}' } },
  };
  const id = await send({ audience: { device: 'roams' }, template });
  await sent(id);
  const mute = new PollDevice({ id: 'roams', token }, gateway.url('HTTP'), false);
  const page = (await (await mute.poll(0)).json()) as { notifications: { title: string }[] };
  expect(page.notifications).toMatchObject([{ id, title: 'Seven is 7' }]);
  const phone = new XmppDevice({ id: 'roams', token }, { service: gateway.url('XMPP') });
  await phone.connect();
  await phone.expect(1);
  expect(told(phone)).toEqual([['X7', undefined]]);
  await phone.disconnect();
});

it('that cannot be made for a device is a receipt, and stops nobody else', async () => {
  const group = { tags: ['half'] };
  const good = await mqtt('half-good', { ...group, attributes: { name: 'Anna', size: 1 } });
  await rest.register('half-nameless', { ...group, attributes: { size: 1 } });
  await rest.register('half-large', { ...group, attributes: { name: 'Bob', size: 100 } });
  await good.connect();
  const template = {
    title: 'Hello {{ device.attributes.name }}',
    body: '{% for i in (1..device.attributes.size) %}{{ long }}{% endfor %}',
  };
  const variables = { long: 'x'.repeat(1_000) };
  const id = await send({ audience: { tag: 'half' }, template, variables });
  await good.expect(1);
  const view = await sent(id);
  expect(view.counts).toMatchObject({ queued: 3, failed: 2, pending: expect.any(Number) });
  expect((await delivery(id, 'half-nameless')).steps.at(-1)).toMatchObject({
    state: 'failed',
    detail: 'content: /title line 1 column 10: undefined variable: device.attributes.name',
  });
  expect((await delivery(id, 'half-large')).steps.at(-1).detail).toMatch(/bytes together 65536 is the most$/);
  const why = await rest.get(`/v1/devices/half-nameless/explain?notification=${id}`);
  expect(why.body.why[0]).toMatch(/^It failed at .*: content: \/title line 1/);
  await good.disconnect();
});

it('that is the same for every device is kept once, and told over each transport in its words', async () => {
  const [phone, desk] = await Promise.all([
    mqtt('same-mqtt', { tags: ['same'] }),
    xmpp('same-xmpp', { tags: ['same'] }),
  ]);
  await Promise.all([phone.connect(), desk.connect()]);
  const template = { title: '{{ what }}', overrides: { mqtt: { title: 'm {{ what }}' } } };
  await send({ audience: { tag: 'same' }, template, variables: { what: 'Tea' } });
  await Promise.all([phone.expect(1), desk.expect(1)]);
  expect([told(phone), told(desk)]).toEqual([[['m Tea', undefined]], [['Tea', undefined]]]);
  await Promise.all([phone.disconnect(), desk.disconnect()]);
});

it('leaves out what was meant for the former owner of a device', async () => {
  const phone = await poll('sold', { user: 'ann', attributes: { name: 'Ann' } });
  const template = { title: 'For {{ device.user }}' };
  const before = await send({ audience: { device: 'sold' }, template });
  await sent(before);
  await rest.patch('/v1/devices/sold', { user: 'bob' });
  const after = await send({ audience: { device: 'sold' }, template });
  await phone.connect();
  expect(await phone.expect(1)).toEqual([after]);
  expect(told(phone)).toEqual([['For bob', undefined]]);
  await phone.disconnect();
});

it('is held back by caps, each time with a receipt; what is critical is not', async () => {
  await rest.put('/v1/caps/offers', { max: 1, per: '1h' });
  const owner = { user: 'capped', tags: ['capped'] };
  const [phone, desk] = await Promise.all([mqtt('capped-1', owner), xmpp('capped-2', owner)]);
  await rest.register('capped-3', { tags: ['capped'] });
  await Promise.all([phone.connect(), desk.connect()]);
  // Workers know of a new cap within a second.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const offer = (more: object) =>
    send({ audience: { tag: 'capped' }, category: 'offers', title: 'Offer', ...more });
  const first = await offer({});
  await sent(first);
  const second = await offer({ template: { title: 'Again, {{ device.id }}' }, title: undefined });
  expect((await sent(second)).counts).toMatchObject({ queued: 3, suppressed: 3, pending: 0 });
  const critical = await offer({ critical: true });
  await sent(critical);
  const other = await offer({ category: 'news' });
  await Promise.all([phone.expect(3), desk.expect(3)]);
  expect([phone.ids, desk.ids]).toEqual([
    [first, critical, other],
    [first, critical, other],
  ]);
  expect((await delivery(second, 'capped-2')).steps.at(-1)).toMatchObject({
    state: 'suppressed',
    detail: 'cap offers',
  });
  const why = await rest.get(`/v1/devices/capped-1/explain?notification=${second}`);
  expect(why.body.why[0]).toMatch(/^It was held back at .* by the cap on offers/);
  const stats = await until(
    'the receipts are counted',
    async () => (await rest.get('/v1/stats')).body,
    ({ states }) => states.suppressed.total === 3,
  );
  expect(stats.states.suppressed.total).toBe(3);
  await Promise.all([phone.disconnect(), desk.disconnect()]);
});

async function send(notification: object): Promise<string> {
  const { status, body } = await rest.post('/v1/notifications', notification);
  if (status !== 202) throw new Error(`sending answered ${status}: ${JSON.stringify(body)}`);
  return body.id as string;
}
