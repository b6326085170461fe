import { AndroidpnClient, type AndroidpnOptions, type ReceiptForm } from '../support/androidpn-client.js';
import { Installation, type GatewayProcess } from '../support/gateway.js';
import { sayAndWait } from '../support/raw-peer.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

/** androidpn's own clients, simulated from what they do on the wire. */
const installation = new Installation({ CARILLON_XMPP_DOMAIN: 'push.example.org' });
let gateway: GatewayProcess;
let rest: Rest;
let host: string;
const clients: AndroidpnClient[] = [];

beforeAll(async () => {
  gateway = await installation.start('all-in-one');
  rest = new Rest(gateway.url('HTTP'), installation.adminKey);
  const { body } = await rest.post('/v1/registration-key');
  host = `${body.key}.push.example.org`;
});
afterEach(() => {
  for (const client of clients.splice(0)) client.cut();
});
afterAll(() => installation.end());

function newClient(options: Partial<AndroidpnOptions> = {}): AndroidpnClient {
  const client = new AndroidpnClient({ url: gateway.url('XMPP'), host, ...options });
  clients.push(client);
  return client;
}

async function connected(options: Partial<AndroidpnOptions> = {}): Promise<AndroidpnClient> {
  const client = newClient(options);
  await client.connect();
  await isOnline(client);
  return client;
}

const isOnline = ({ username }: AndroidpnClient): Promise<unknown> =>
  until(
    'presence',
    async () => (await rest.get(`/v1/devices/${username}/presence`)).body.connections,
    (connections) => connections.some(({ transport }: { transport: string }) => transport === 'xmpp'),
  );
const deviceOf = async ({ username }: AndroidpnClient) => (await rest.get(`/v1/devices/${username}`)).body;
const stepsOf = async (notification: string, { username }: AndroidpnClient) =>
  (await rest.get(`/v1/notifications/${notification}/deliveries/${username}`)).body.steps as {
    state: string;
    detail?: string;
  }[];
const countsOf = async (notification: string) =>
  (await rest.get(`/v1/notifications/${notification}`)).body.counts;
const reaches = (notification: string, client: AndroidpnClient, state: string, detail?: string) =>
  until(
    `the delivery is ${state}`,
    () => stepsOf(notification, client),
    (steps) =>
      steps?.some((step) => step.state === state && (detail === undefined || step.detail === detail)),
  );

describe('an androidpn client', () => {
  it('registers by the key in its host name, logs in, and is a device of its own making', async () => {
    const client = await connected();
    expect(client.serviceName).toBe('push.example.org');
    expect(await deviceOf(client)).toMatchObject({ id: client.username, selfRegistered: true, tags: [] });
    await client.disconnect();
  });

  it('gets a push as its own IQ; the ping behind it proves the arrival', async () => {
    const client = await connected();
    const sent = await rest.send({
      audience: { device: client.username },
      title: 'Tea & cake',
      body: 'a < b',
      uri: 'tel:112',
      data: { imageUrl: 'https://example.org/tea.png' },
    });
    expect(await client.expect(1)).toEqual([sent]);
    expect(client.notified[0]).toEqual({
      packetId: sent,
      fields: {
        id: sent,
        apiKey: '',
        title: 'Tea & cake',
        message: 'a < b',
        uri: 'tel:112',
        uuid: sent,
        pushType: '0',
        imageUrl: 'https://example.org/tea.png',
      },
    });
    await reaches(sent, client, 'acknowledged', 'ping');
  });

  it('gets the data of a message for the program as a payload', async () => {
    const client = await connected();
    await rest.send({
      audience: { device: client.username },
      kind: 'message',
      title: undefined,
      data: { a: 1 },
    });
    await client.expect(1);
    expect(client.notified[0]!.fields).toMatchObject({ title: '', message: '{"a":1}', pushType: '1' });
  });

  it('gets, after a cut line, what it missed, in order, and not what it has', async () => {
    const client = await connected();
    const [first] = [await rest.send({ audience: { device: client.username } })];
    await reaches(first!, client, 'acknowledged');
    client.cut();
    const missed = [];
    for (let i = 0; i < 5; i++)
      missed.push(await rest.send({ audience: { device: client.username }, title: `${i}` }));
    await client.connect();
    expect(await client.expect(6)).toEqual([first, ...missed]);
    for (const each of missed) await reaches(each, client, 'acknowledged', 'ping');
    expect(client.registrations).toBe(1);
  });

  it('that reconnects while its old socket still stands keeps the new session', async () => {
    const client = await connected();
    const stale = client.wire;
    await client.connect();
    await stale.untilEnded();
    const sent = await rest.send({ audience: { device: client.username } });
    expect(await client.expect(1)).toEqual([sent]);
  });

  it('whose device was deleted registers anew by itself', async () => {
    const client = await connected();
    const before = client.username;
    expect((await rest.delete(`/v1/devices/${before}`)).status).toBe(204);
    await client.wire.untilEnded();
    await client.connect();
    expect(client.registrations).toBe(2);
    expect(client.username).not.toBe(before);
  });

  it.each([
    ['without a key', 'push.example.org'],
    ['with a wrong key', `rk-00000000-${'0'.repeat(40)}.push.example.org`],
    ['by an address', '127.0.0.1'],
  ])('%s is refused', async (_, wrongHost) => {
    const client = newClient({ host: wrongHost });
    await expect(client.connect()).rejects.toThrow('the registration was refused: 403');
    expect(client.stuck).toBe(true);
  });
});

describe('a fork of androidpn', () => {
  it.each<ReceiptForm>(['deliverconfirm', 'receipt'])('that sends %s is counted', async (receipts) => {
    const client = await connected({ receipts });
    const sent = await rest.send({ audience: { device: client.username } });
    await reaches(sent, client, 'acknowledged');
    expect(await countsOf(sent)).toMatchObject({ queued: 1, acknowledged: 1, opened: 0, pending: 0 });
  });

  it('that answers twice is counted as received, then as opened', async () => {
    const client = await connected({ receipts: 'result' });
    const sent = await rest.send({ audience: { device: client.username } });
    await reaches(sent, client, 'acknowledged', 'iq');
    expect((await stepsOf(sent, client)).map(({ state }) => state)).not.toContain('opened');
    client.read(client.notified[0]!);
    await reaches(sent, client, 'opened');
    expect(await countsOf(sent)).toMatchObject({ queued: 1, acknowledged: 1, opened: 1 });
  });

  it('that reads it over a later connection is counted as opened', async () => {
    const client = await connected({ receipts: 'result' });
    const sent = await rest.send({ audience: { device: client.username } });
    await reaches(sent, client, 'acknowledged', 'iq');
    client.cut();
    await client.connect();
    client.read(client.notified[0]!);
    await reaches(sent, client, 'opened');
    expect(await countsOf(sent)).toMatchObject({ queued: 1, acknowledged: 1, opened: 1 });
  });

  it('cannot confirm what another device got', async () => {
    const [mine, other] = [await connected(), await connected({ receipts: 'receipt' })];
    const sent = await rest.send({ audience: { device: mine.username } });
    await reaches(sent, mine, 'acknowledged');
    await other.wire.ask('set', 'x', `<receipt xmlns='androidpn:iq:receipt'><uuid>${sent}</uuid></receipt>`);
    expect(await countsOf(sent)).toMatchObject({ queued: 1, acknowledged: 1, opened: 0 });
  });

  it('names its user and its tags, and is found by them', async () => {
    const client = await connected();
    await client.setAlias('anna');
    await client.setTags('news, sport,,news');
    expect(await deviceOf(client)).toMatchObject({ user: 'self:anna', tags: ['self:news', 'self:sport'] });
    const sent = [
      await rest.send({ audience: { user: 'self:anna' } }),
      await rest.send({ audience: { tag: 'self:sport' } }),
    ];
    expect((await client.expect(2)).sort()).toEqual(sent.sort());
    await client.setAlias('');
    await client.setTags('');
    const device = await deviceOf(client);
    expect([device.user, device.tags]).toEqual([undefined, []]);
  });

  it('takes over no user of the business, and no tag', async () => {
    await rest.register('annas-phone', { user: 'anna', tags: ['vip'] });
    const client = await connected();
    await client.setAlias('anna');
    await client.setTags('vip');
    expect((await rest.get('/v1/users/anna/devices')).body.devices).toMatchObject([{ id: 'annas-phone' }]);
    await rest.send({ audience: { any: [{ user: 'anna' }, { tag: 'vip' }] } });
    const own = await rest.send({ audience: { device: client.username } });
    expect(await client.expect(1)).toEqual([own]);
  });

  it('keeps the user and the tags that the business gave it', async () => {
    const client = await connected();
    await rest.patch(`/v1/devices/${client.username}`, { user: 'bob', tags: ['vip'] });
    const refusal = await client.setAlias('anna');
    expect(refusal.attrs.type).toBe('error');
    await client.setTags('news');
    expect(await deviceOf(client)).toMatchObject({ user: 'bob', tags: ['self:news', 'vip'] });
  });
});

describe('with CARILLON_ANDROIDPN=false', () => {
  it('such a client finds no login that it knows', async () => {
    const edge = await installation.start('edge', { CARILLON_ANDROIDPN: 'false' });
    const client = newClient({ url: edge.url('XMPP'), host: 'push.example.org' });
    await expect(client.connect()).rejects.toThrow('the server does not offer auth');
    const header =
      "<stream:stream to='127.0.0.1' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";
    const { said } = await sayAndWait(edge.url('XMPP'), [header]);
    expect(said.toString()).toContain('<host-unknown ');
  });
});
