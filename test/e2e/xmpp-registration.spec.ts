import { Installation, type GatewayProcess } from '../support/gateway.js';
import { MqttDevice, PollDevice, XmppDevice } from '../support/devices.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';
import { descendant, type Received, XmppWire } from '../support/xmpp-wire.js';

/** Devices that register themselves over XMPP (XEP-0077). */
const installation = new Installation();
const PASSWORD = 'correct horse battery';
let gateway: GatewayProcess;
let rest: Rest;
let key: string;
let serial = 0;

beforeAll(async () => {
  gateway = await installation.start('all-in-one');
  rest = new Rest(gateway.url('HTTP'), installation.adminKey);
  key = (await rest.post('/v1/registration-key')).body.key as string;
});
afterAll(() => installation.end());

const newId = (): string => `self-${++serial}`;
const fieldsOf = (fields: Record<string, string>): string =>
  Object.entries(fields)
    .map(([name, value]) => `<${name}>${value}</${name}>`)
    .join('');

async function asks(fields: string, url = gateway.url('XMPP')): Promise<Received> {
  const { wire } = await XmppWire.secured(url, 'localhost');
  const answer = await wire.ask('set', 'r', `<query xmlns='jabber:iq:register'>${fields}</query>`);
  await wire.close();
  return answer;
}
const outcomeOf = (answer: Received): string | undefined =>
  answer.attrs.type === 'result' ? 'done' : descendant(answer, 'error')?.children[0]?.name;
const register = async (fields: Record<string, string>, url?: string): Promise<string | undefined> =>
  outcomeOf(await asks(fieldsOf(fields), url));

async function registered(): Promise<{ id: string; token: string }> {
  const id = newId();
  expect(await register({ username: id, password: PASSWORD, key })).toBe('done');
  return { id, token: PASSWORD };
}
// By PLAIN: the client reckons the 50,000 rounds of SCRAM with a chosen password in JavaScript, which takes it many seconds.
const xmpp = (credentials: { id: string; token: string }, resource = 'test') =>
  new XmppDevice(credentials, { service: gateway.url('XMPP'), resource, mechanism: 'PLAIN' });
const change = (device: XmppDevice, payload: string): Promise<string> =>
  new Promise((resolve) => {
    const stanza = (element: { is(name: string): boolean; attrs: Record<string, string> }): void => {
      if (element.is('iq') && element.attrs.id === 'change') resolve(element.attrs.type!);
    };
    device.client.on('stanza', stanza);
    void device.client.write(
      `<iq type='set' id='change'><query xmlns='jabber:iq:register'>${payload}</query></iq>`,
    );
  });

describe('with a key', () => {
  it('a device registers, logs in with the password of its choosing, and gets a push', async () => {
    const credentials = await registered();
    const phone = xmpp(credentials);
    await phone.connect();
    const sent = await rest.send({ audience: { device: credentials.id } });
    expect(await phone.expect(1)).toEqual([sent]);
    await phone.disconnect();
    expect((await rest.get(`/v1/devices/${credentials.id}`)).body).toMatchObject({ selfRegistered: true });
    await expect(xmpp({ ...credentials, token: 'another password' }).connect()).rejects.toThrow(
      'not-authorized',
    );
  });

  it('is the same device over MQTT and long-poll', async () => {
    const credentials = await registered();
    const phone = new MqttDevice(credentials, { url: gateway.url('MQTT') });
    await phone.connect();
    await phone.disconnect();
    expect((await new PollDevice(credentials, gateway.url('HTTP')).poll(0)).status).toBe(200);
    const wrong = { ...credentials, token: 'another password' };
    expect((await new PollDevice(wrong, gateway.url('HTTP')).poll(0)).status).toBe(401);
    await expect(new MqttDevice(wrong, { url: gateway.url('MQTT') }).connect()).rejects.toThrow(/refused/i);
  });

  it.each([
    ['no key', { username: 'new', password: PASSWORD }, 'forbidden'],
    [
      'a wrong key',
      { username: 'new', password: PASSWORD, key: `rk-00000000-${'0'.repeat(40)}` },
      'forbidden',
    ],
    ['an API key', { username: 'new', password: PASSWORD, key: 'test-admin-key-0123456789' }, 'forbidden'],
    ['a name that no device has', { username: 'né', password: PASSWORD }, 'not-acceptable'],
    ['a short password', { username: 'new', password: '1234567' }, 'not-acceptable'],
    ['a password beyond ASCII', { username: 'new', password: 'schöner Tag' }, 'not-acceptable'],
  ])('is refused %s', async (_, fields: Record<string, string>, condition) => {
    const given = condition === 'not-acceptable' ? { ...fields, key } : fields;
    expect(await register(given)).toBe(condition);
  });

  it('nobody gets a name that is taken, nor what its owner gets', async () => {
    const token = await rest.register('annas-phone', { user: 'anna' });
    for (const username of ['annas-phone', 'Annas-Phone'])
      expect(await register({ username, password: PASSWORD, key })).toBe('conflict');
    // Whoever has no key does not learn which names are taken.
    expect(await register({ username: 'annas-phone', password: PASSWORD })).toBe('forbidden');
    await expect(xmpp({ id: 'annas-phone', token: PASSWORD }).connect()).rejects.toThrow('not-authorized');
    const phone = xmpp({ id: 'annas-phone', token });
    await phone.connect();
    await phone.disconnect();
  });

  it('one of many that want the same name gets it', async () => {
    const username = newId();
    const passwords = Array.from({ length: 6 }, (_, i) => `${PASSWORD} ${i}`);
    const outcomes = await Promise.all(passwords.map((password) => register({ username, password, key })));
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1);
    const winner = xmpp({ id: username, token: passwords[outcomes.indexOf('done')]! });
    await winner.connect();
    await winner.disconnect();
  });

  it('the business sees that a name was taken first, and takes it over by a new token', async () => {
    const squatter = await registered();
    const connected = xmpp(squatter);
    await connected.connect();
    const { status, body } = await rest.put(`/v1/devices/${squatter.id}`, { user: 'anna' });
    expect([status, body.selfRegistered, body.token]).toEqual([200, true, undefined]);
    const token = (await rest.post(`/v1/devices/${squatter.id}/token`)).body.token as string;
    await until('it is cut off', () => connected.client.status !== 'online');
    await expect(xmpp(squatter).connect()).rejects.toThrow('not-authorized');
    const owner = xmpp({ id: squatter.id, token });
    await owner.connect();
    expect(await change(owner, `<username>${squatter.id}</username><password>${PASSWORD}</password>`)).toBe(
      'error',
    );
    expect(await change(owner, '<remove/>')).toBe('error');
    await owner.disconnect();
  });

  it('a key that was replaced opens nothing', async () => {
    const former = key;
    key = (await rest.post('/v1/registration-key', { graceSeconds: 60 })).body.key as string;
    expect(await register({ username: newId(), password: PASSWORD, key: former })).toBe('done');
    key = (await rest.post('/v1/registration-key')).body.key as string;
    expect(await register({ username: newId(), password: PASSWORD, key: former })).toBe('forbidden');
    expect(await register({ username: newId(), password: PASSWORD, key })).toBe('done');
  });
});

describe('a device that registered itself', () => {
  it('changes its password; the session that asked goes on, the others end', async () => {
    const credentials = await registered();
    const phone = xmpp(credentials);
    const tablet = xmpp(credentials, 'other');
    await phone.connect(false);
    await tablet.connect(false);
    const mqtt = new MqttDevice(credentials, { url: gateway.url('MQTT') });
    await mqtt.connect();
    expect(
      await change(phone, `<username>${credentials.id}</username><password>another password</password>`),
    ).toBe('result');
    await until('the others end', () => tablet.client.status !== 'online' && !mqtt.client.connected);
    await phone.client.send((await import('@xmpp/client')).xml('presence'));
    const sent = await rest.send({ audience: { device: credentials.id } });
    expect(await phone.expect(1)).toEqual([sent]);
    await phone.disconnect();
    await expect(xmpp(credentials).connect()).rejects.toThrow('not-authorized');
    const again = xmpp({ ...credentials, token: 'another password' });
    await again.connect();
    expect(await change(again, `<username>${credentials.id}</username><password>short</password>`)).toBe(
      'error',
    );
    expect(await change(again, `<username>annas-phone</username><password>${PASSWORD}</password>`)).toBe(
      'error',
    );
    await again.disconnect();
  });

  it('ends its account; its inbox is closed with it', async () => {
    const credentials = await registered();
    const phone = xmpp(credentials);
    await phone.connect(false);
    const sent = await rest.send({ audience: { device: credentials.id } });
    await until(
      'it waits',
      async () => (await rest.get(`/v1/notifications/${sent}`)).body.counts.queued === 1,
    );
    expect(await change(phone, '<remove/>')).toBe('result');
    await until('the stream ends', () => phone.client.status !== 'online');
    expect((await rest.get(`/v1/devices/${credentials.id}`)).status).toBe(404);
    expect((await rest.get(`/v1/notifications/${sent}`)).body.counts).toMatchObject({
      purged: 1,
      pending: 0,
    });
  });
});

describe('CARILLON_XMPP_REGISTRATION', () => {
  it('=open lets anyone register, but not by a wrong key', async () => {
    const edge = await installation.start('edge', { CARILLON_XMPP_REGISTRATION: 'open' });
    expect(await register({ username: newId(), password: PASSWORD }, edge.url('XMPP'))).toBe('done');
    const wrong = { username: newId(), password: PASSWORD, key: 'guessed' };
    expect(await register(wrong, edge.url('XMPP'))).toBe('forbidden');
  });

  it('=closed offers no registration and grants none', async () => {
    const edge = await installation.start('edge', { CARILLON_XMPP_REGISTRATION: 'closed' });
    const { wire, features } = await XmppWire.secured(edge.url('XMPP'), 'localhost');
    expect(descendant(features, 'register')).toBeUndefined();
    await wire.close();
    expect(await register({ username: newId(), password: PASSWORD, key }, edge.url('XMPP'))).toBe(
      'not-allowed',
    );
  });
});

describe('an address that registers on and on', () => {
  it('has to wait, on every edge', async () => {
    const own = new Installation({
      CARILLON_XMPP_REGISTRATION: 'open',
      CARILLON_XMPP_REGISTRATIONS_PER_HOUR: '3',
    });
    try {
      const edges = [await own.start('all-in-one'), await own.start('edge')];
      const outcomes = [];
      for (let i = 0; i < 5; i++)
        outcomes.push(await register({ username: newId(), password: PASSWORD }, edges[i % 2]!.url('XMPP')));
      expect(outcomes).toEqual(['done', 'done', 'done', 'resource-constraint', 'resource-constraint']);
    } finally {
      await own.end();
    }
  });
});
