import { xml, type Client } from '@xmpp/client';
import { Installation, type GatewayProcess } from '../support/gateway.js';
import { PollDevice, XmppDevice } from '../support/devices.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

/** What a client finds of its pushes afterwards (XEP-0313), and replaced ones as corrections (XEP-0308), with an unmodified @xmpp/client. */
const installation = new Installation();
let rest: Rest;
let gateway: GatewayProcess;

beforeAll(async () => {
  gateway = await installation.start('all-in-one');
  rest = new Rest(gateway.url('HTTP'), installation.adminKey);
});
afterAll(() => installation.end());

const MAM = 'urn:xmpp:mam:2';
const DISCO = 'http://jabber.org/protocol/disco#info';
const CORRECTION = 'urn:xmpp:message-correct:0';

type Stanza = ReturnType<typeof xml>;

async function deviceOf(id: string, user?: string): Promise<XmppDevice> {
  const token = await rest.register(id, { user });
  const device = new XmppDevice({ id, token }, { service: gateway.url('XMPP') });
  await device.connect(false);
  return device;
}
const come = (device: XmppDevice, ...children: Stanza[]) =>
  device.client.send(xml('presence', {}, ...children));

interface Found {
  ids: string[];
  messages: Stanza[];
  fin: Stanza;
}

/** Asks for the archive; `form` by field name. */
async function ask(
  client: Client,
  page: Record<string, string> = {},
  form: Record<string, string> = {},
): Promise<Found> {
  const results: Stanza[] = [];
  const collect = (stanza: Stanza) => {
    const result = stanza.getChild('result', MAM);
    if (result) results.push(result);
  };
  client.on('stanza', collect);
  const field = ([name, value]: [string, string]) => xml('field', { var: name }, xml('value', {}, value));
  const fields = Object.entries({ FORM_TYPE: MAM, ...form }).map(field);
  const filter = xml('x', { xmlns: 'jabber:x:data', type: 'submit' }, ...fields);
  const wanted = Object.entries(page).map(([name, value]) => xml(name, {}, value));
  const set = xml('set', { xmlns: 'http://jabber.org/protocol/rsm' }, ...wanted);
  const query = xml('query', { xmlns: MAM, queryid: 'q' }, filter, set);
  const answer = await client.iqCaller.request(xml('iq', { type: 'set' }, query));
  client.off('stanza', collect);
  const messages = results.map((result) => result.getChild('forwarded')!.getChild('message')!);
  return { ids: results.map(({ attrs }) => attrs.id as string), messages, fin: answer.getChild('fin', MAM)! };
}

describe('the archive', () => {
  it('has what was acknowledged and what waits, in order and by pages', async () => {
    const device = await deviceOf('archivist');
    const sent: string[] = [];
    for (const title of ['one', 'two', 'three'])
      sent.push(await rest.send({ title, audience: { device: 'archivist' } }));
    // Not written yet, as there was no presence: found in the inbox.
    await until(
      'the inbox',
      async () => (await ask(device.client)).ids,
      (ids) => ids.length === 3,
    );
    await come(device);
    await device.expect(3);
    await until(
      'acknowledgements',
      async () => (await rest.get(`/v1/notifications/${sent[2]}`)).body.counts.acknowledged,
      (n) => n === 1,
    );
    const all = await ask(device.client);
    expect(all.ids).toEqual(sent);
    expect(all.fin.attrs.complete).toBe('true');
    expect(all.messages.map((message) => message.getChildText('subject'))).toEqual(['one', 'two', 'three']);
    expect(all.messages[0]!.attrs).toMatchObject({
      id: sent[0],
      from: 'default@localhost',
      to: 'archivist@localhost',
    });
    expect((await ask(device.client, { max: '2' })).ids).toEqual(sent.slice(0, 2));
    expect((await ask(device.client, { max: '2', after: sent[1]! })).ids).toEqual(sent.slice(2));
    expect((await ask(device.client, { max: '1', before: '' })).ids).toEqual(sent.slice(2));
    expect((await ask(device.client, {}, { with: 'default@localhost' })).ids).toEqual(sent);
    expect(
      (await ask(device.client, {}, { start: new Date(Date.now() + 60_000).toISOString() })).ids,
    ).toEqual([]);
    await device.disconnect();
  });

  it('has nothing of a push that was taken back, nor of the user before', async () => {
    const device = await deviceOf('handed-on', 'anna');
    await come(device);
    const [kept, recalled] = [
      await rest.send({ title: 'stays', audience: { device: 'handed-on' } }),
      await rest.send({ title: 'goes', audience: { device: 'handed-on' } }),
    ];
    await device.expect(2);
    await until(
      'the archive',
      async () => (await ask(device.client)).ids,
      (ids) => ids.length === 2,
    );
    expect((await rest.post(`/v1/notifications/${recalled}/recall`)).status).toBeLessThan(300);
    await until(
      'the recall',
      async () => (await ask(device.client)).ids.join(),
      (ids) => ids === kept,
    );
    await rest.patch('/v1/devices/handed-on', { user: 'bob' });
    expect((await ask(device.client)).ids).toEqual([]);
    await device.disconnect();
  });

  it("is another device's to nobody", async () => {
    const device = await deviceOf('curious');
    await rest.register('private');
    const query = xml('iq', { type: 'set', to: 'private@localhost' }, xml('query', { xmlns: MAM }));
    await expect(device.client.iqCaller.request(query)).rejects.toThrow('service-unavailable');
    await device.disconnect();
  });
});

describe('a push that replaces another', () => {
  it('is a correction for a client that says it knows them, and for no other', async () => {
    const [knows, plain] = [await deviceOf('corrector'), await deviceOf('plain')];
    const corrections: Record<string, string | undefined> = {};
    for (const [name, { client }] of [
      ['knows', knows],
      ['plain', plain],
    ] as const) {
      client.on('stanza', (stanza) => {
        if (stanza.getChildText('subject') === 'second')
          corrections[name] = stanza.getChild('replace', CORRECTION)?.attrs.id as string | undefined;
      });
    }
    const { iqCallee } = knows.client as unknown as {
      iqCallee: { get(ns: string, name: string, answer: () => Stanza): void };
    };
    let asked = 0;
    iqCallee.get(DISCO, 'query', () => {
      asked++;
      return xml('query', { xmlns: DISCO }, xml('feature', { var: CORRECTION }));
    });
    await come(
      knows,
      xml('c', { xmlns: 'http://jabber.org/protocol/caps', hash: 'sha-1', node: 'urn:test', ver: 'x' }),
    );
    await come(plain);
    await until(
      'the question',
      () => asked,
      (n) => n === 1,
    );
    const audience = { device: ['corrector', 'plain'] };
    const first = await rest.send({ title: 'first', audience });
    await Promise.all([knows.expect(1), plain.expect(1)]);
    await rest.send({ title: 'second', audience, replaces: first });
    await Promise.all([knows.expect(2), plain.expect(2)]);
    expect(corrections).toEqual({ knows: first, plain: undefined });
    await Promise.all([knows.disconnect(), plain.disconnect()]);
  });
});

it('a device finds over XMPP what waits though it polls meanwhile', async () => {
  const device = await deviceOf('both');
  const poll = new PollDevice(device.credentials, gateway.url('HTTP'));
  const id = await rest.send({ title: 'waits', audience: { device: 'both' } });
  await until(
    'the inbox',
    async () => (await ask(device.client)).ids,
    (ids) => ids.length === 1,
  );
  expect(await poll.acknowledge({ ids: [id] })).toBe(204);
  await until(
    'the acknowledgement',
    async () => (await ask(device.client)).ids,
    (ids) => ids.length === 0,
  );
  await device.disconnect();
});
