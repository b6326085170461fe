import { BoshClient } from '../support/bosh-client.js';
import { Installation, type GatewayProcess } from '../support/gateway.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';
import { descendant, type Received } from '../support/xmpp-wire.js';

/** XMPP over HTTP requests, with the installation's own settings but for how long a silence may last. */
const DOMAIN = 'push.example.org';
const installation = new Installation({
  CARILLON_XMPP_DOMAIN: DOMAIN,
  CARILLON_XMPP_BOSH_INACTIVITY: '3',
  CARILLON_XMPP_WEB_ORIGINS: 'https://app.example.org',
});
let gateway: GatewayProcess;
let rest: Rest;
let url: string;
const clients: BoshClient[] = [];

beforeAll(async () => {
  gateway = await installation.start('all-in-one');
  rest = new Rest(gateway.url('HTTP'), installation.adminKey);
  url = gateway.url('HTTP').replace('http:', 'https:');
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(() => installation.end());

function newClient(headers?: Record<string, string>, at = url): BoshClient {
  const client = new BoshClient(at, headers);
  clients.push(client);
  return client;
}

async function online(id: string, attributes = {}): Promise<BoshClient> {
  const client = newClient();
  await client.logIn(DOMAIN, id, await rest.register(id, attributes));
  return client;
}
const send = (device: string, title: string) => rest.send({ audience: { device }, title });
const stepOf = async (notification: string, device: string) =>
  (await rest.get(`/v1/notifications/${notification}/deliveries/${device}`)).body.steps as {
    state: string;
    detail?: string;
  }[];
const acknowledged = (notification: string, device: string, detail: string) =>
  until(
    'the push is acknowledged',
    () => stepOf(notification, device),
    (steps) => steps.some((step) => step.state === 'acknowledged' && step.detail === detail),
  );
const pushesIn = (body: Received): string[] =>
  body.children.filter(({ name }) => name === 'message').map(({ attrs }) => attrs.id!);

/** Asks until so many pushes came. */
async function pushes(client: BoshClient, count: number): Promise<string[]> {
  const found: string[] = [];
  while (found.length < count) found.push(...pushesIn((await client.send()).body));
  return found;
}

it('brings pushes to a held request, and takes their receipts', async () => {
  const client = await online('web-1');
  const held = client.send();
  const sent = await send('web-1', 'Tea & cake');
  const { body, headers } = await held;
  expect(headers['content-type']).toBe('text/xml; charset=utf-8');
  expect(headers['cache-control']).toBe('no-store');
  expect(pushesIn(body)).toEqual([sent]);
  expect(descendant(body, 'subject')!.text).toBe('Tea & cake');
  const receipt = `<received xmlns='urn:xmpp:receipts' id='${sent}'/>`;
  await client.send(
    `<message xmlns='jabber:client' to='default@${DOMAIN}'>${receipt}</message>`,
    "pause='3'",
  );
  await acknowledged(sent, 'web-1', 'receipt');
  expect((await client.send('', "type='terminate'")).body.attrs.type).toBe('terminate');
});

it('repeats an answer whose connection broke, and loses no push that was made meanwhile', async () => {
  const client = await online('web-2');
  const broken = new AbortController();
  const rid = client.rid;
  const lost = client.send('', '', broken.signal).catch((error: Error) => error.name);
  broken.abort();
  expect(await lost).toBe('AbortError');
  const sent = await send('web-2', 'T');
  const again = await client.sendAs(rid);
  const ids = pushesIn(again.body);
  expect(ids.length > 0 ? ids : await pushes(client, 1)).toEqual([sent]);
  expect((await client.sendAs(rid)).text).toBe(again.text);
});

it('a session that was silent too long is over; what it did not acknowledge comes again', async () => {
  const client = await online('web-3');
  const sent = await send('web-3', 'T');
  await until(
    'the device is offline',
    async () => (await rest.get('/v1/devices/web-3/presence')).body.connections as unknown[],
    (connections) => connections.length === 0,
  );
  expect((await client.send()).body.attrs).toMatchObject({ type: 'terminate', condition: 'item-not-found' });
  const { body } = await rest.post('/v1/devices/web-3/token');
  const next = newClient();
  await next.logIn(DOMAIN, 'web-3', body.token);
  expect(await pushes(next, 1)).toEqual([sent]);
});

it('is refused in the clear, and to pages of other origins', async () => {
  const clear = await newClient({}, gateway.url('HTTP')).begin(DOMAIN);
  expect(clear.attrs).toMatchObject({ type: 'terminate', condition: 'remote-stream-error' });
  expect(descendant(clear, 'policy-violation')).toBeDefined();
  const stranger = await newClient({ origin: 'https://evil.example' }).send('', `to='${DOMAIN}'`);
  expect([stranger.status, stranger.headers['access-control-allow-origin']]).toEqual([403, undefined]);
  const own = newClient({ origin: 'https://app.example.org', 'content-type': 'text/plain' });
  const answer = await own.send('', `to='${DOMAIN}' wait='1' hold='1'`);
  expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([
    200,
    'https://app.example.org',
  ]);
});

it('lets pages ask first (CORS)', async () => {
  const origin = 'https://app.example.org';
  const headers = {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type',
  };
  const answer = await fetch(`${gateway.url('HTTP')}/http-bind`, { method: 'OPTIONS', headers });
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([204, origin]);
  expect(answer.headers.get('access-control-allow-methods')).toContain('POST');
  expect(answer.headers.get('access-control-allow-headers')).toBe('content-type');
});

it('answers anything but a good request by its condition, and serves the others on', async () => {
  const other = await online('web-4');
  const bad = newClient();
  for (const body of ['', '{"a":1}', '<body/>', Buffer.alloc(200_000, 'x'), '<!DOCTYPE a><body/>']) {
    expect((await bad.post(body)).body.attrs).toMatchObject({ type: 'terminate', condition: 'bad-request' });
  }
  expect((await bad.post(Buffer.alloc(2_000_000, 'x'))).status).toBe(413);
  const ping = "<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>";
  expect(descendant((await other.send(ping)).body, 'iq')!.attrs.type).toBe('result');
});

it('counts sessions as connections of their address', async () => {
  const edge = await installation.start('edge', { CARILLON_MAX_CONNECTIONS_PER_ADDRESS: '1' });
  const at = edge.url('HTTP').replace('http:', 'https:');
  const first = newClient({}, at);
  expect((await first.begin(DOMAIN)).attrs.sid).toBeDefined();
  const condition = async () => (await newClient({}, at).begin(DOMAIN)).attrs.condition;
  expect(await condition()).toBe('policy-violation');
  await first.send('', "type='terminate'");
  expect(await condition()).toBeUndefined();
});

it('ends with the edge, which says so, and is not there when it is switched off', async () => {
  const edge = await installation.start('edge');
  const at = edge.url('HTTP').replace('http:', 'https:');
  const client = newClient({}, at);
  await client.logIn(DOMAIN, 'web-5', await rest.register('web-5'));
  const held = client.send();
  await Promise.all([
    edge.end(),
    expect(held).resolves.toMatchObject({ body: { attrs: { condition: 'system-shutdown' } } }),
  ]);
  const without = await installation.start('edge', { CARILLON_XMPP_BOSH: 'false' });
  expect((await fetch(`${without.url('HTTP')}/http-bind`, { method: 'OPTIONS' })).status).toBe(404);
  const links = await (await fetch(`${without.url('HTTP')}/.well-known/host-meta.json`)).json();
  expect(links).toEqual({ links: [expect.objectContaining({ rel: 'urn:xmpp:alt-connections:websocket' })] });
});

describe('host-meta (XEP-0156)', () => {
  it('names what there is, as the request calls the server', async () => {
    const base = gateway.url('HTTP');
    const { host } = new URL(base);
    const answer = await fetch(`${base}/.well-known/host-meta.json`);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(await answer.json()).toEqual({
      links: [
        { rel: 'urn:xmpp:alt-connections:xbosh', href: `http://${host}/http-bind` },
        { rel: 'urn:xmpp:alt-connections:websocket', href: `ws://${host}/xmpp-websocket` },
      ],
    });
  });

  it('names them as CARILLON_PUBLIC_URL says, as XRD too', async () => {
    const edge = await installation.start('edge', {
      CARILLON_PUBLIC_URL: 'https://push.example.org/gateway/',
    });
    const answer = await fetch(`${edge.url('HTTP')}/.well-known/host-meta`);
    expect(answer.headers.get('content-type')).toBe('application/xrd+xml; charset=utf-8');
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(await answer.text()).toBe(
      "<?xml version='1.0' encoding='utf-8'?>\n" +
        "<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>" +
        "<Link rel='urn:xmpp:alt-connections:xbosh' href='https://push.example.org/gateway/http-bind'/>" +
        "<Link rel='urn:xmpp:alt-connections:websocket' href='wss://push.example.org/gateway/xmpp-websocket'/></XRD>\n",
    );
  });
});
