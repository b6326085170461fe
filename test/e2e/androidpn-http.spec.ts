import { request } from 'node:http';
import { AndroidpnClient } from '../support/androidpn-client.js';
import { Installation, type GatewayProcess } from '../support/gateway.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

/** A backend that calls androidpn's HTTP side, with androidpn's clients behind it. */
const DOMAIN = 'push.example.org';
const installation = new Installation({ CARILLON_XMPP_DOMAIN: DOMAIN });
const clients: AndroidpnClient[] = [];
let gateway: GatewayProcess;
let rest: Rest;
let host: string;

beforeAll(async () => {
  gateway = await installation.start('all-in-one');
  rest = new Rest(gateway.url('HTTP'), installation.adminKey);
  host = `${(await rest.post('/v1/registration-key')).body.key}.${DOMAIN}`;
});
afterEach(() => {
  for (const client of clients.splice(0)) client.cut();
});
afterAll(() => installation.end());

const query = (parameters: Record<string, string>): string => new URLSearchParams(parameters).toString();
const send = (parameters: Record<string, string>, path = '/notification.do') =>
  rest.get(`${path}?${query({ action: 'send', ...parameters })}`);
const form = (parameters: Record<string, string>) =>
  rest.post('/notification_api.do', query({ action: 'send', ...parameters }), {
    'content-type': 'application/x-www-form-urlencoded',
  });

async function connected(): Promise<AndroidpnClient> {
  const client = new AndroidpnClient({ url: gateway.url('XMPP'), host, receipts: 'receipt' });
  clients.push(client);
  await client.connect();
  await until(
    'the client is listed as online',
    async () => (await rest.get('/user_api.do?online=1')).body.data as string[],
    (online) => online.includes(client.username),
  );
  return client;
}

const countsOf = async (id: string) => (await rest.get(`/v1/notifications/${id}`)).body.counts;

describe('/notification.do', () => {
  it('reaches one client, with all that androidpn and its forks say', async () => {
    const [client, other] = [await connected(), await connected()];
    const { status, body } = await send({
      broadcast: 'N',
      username: client.username,
      title: 'Tea & cake',
      message: 'a < b',
      uri: 'tel:112',
      image: 'https://example.org/tea.png',
      validTime: '600',
    });
    expect([status, body.result, body.description]).toEqual([200, '0', 'success']);
    expect(await client.expect(1)).toEqual([body.id]);
    expect(client.notified[0]!.fields).toEqual({
      id: body.id,
      apiKey: '',
      title: 'Tea & cake',
      message: 'a < b',
      uri: 'tel:112',
      uuid: body.id,
      pushType: '0',
      imageUrl: 'https://example.org/tea.png',
    });
    await until(
      'the receipt is counted',
      () => countsOf(body.id),
      ({ acknowledged }) => acknowledged === 1,
    );
    expect(other.notified).toEqual([]);
  });

  it('reaches everybody, by alias, and by tag, with a form too', async () => {
    const [anna, bob] = [await connected(), await connected()];
    await anna.setAlias('anna');
    await bob.setTags('news');
    const toAll = (await form({ message: 'all' })).body.id;
    for (const client of [anna, bob]) expect(await client.expect(1)).toEqual([toAll]);
    const toAnna = (await send({ broadcast: '2', alias: 'anna', message: 'M' })).body.id;
    const toNews = (await form({ broadcast: '3', tags: 'news,sport', message: '{}', pushtype: '1' })).body.id;
    expect(await anna.expect(2)).toEqual([toAll, toAnna]);
    expect(await bob.expect(2)).toEqual([toAll, toNews]);
    expect(bob.notified[1]!.fields['pushType']).toBe('1');
  });

  it('reaches a client that was away', async () => {
    const client = await connected();
    client.cut();
    await until(
      'the client is listed as offline',
      async () => (await rest.get('/user_api.do?online=0')).body.data as string[],
      (offline) => offline.includes(client.username),
    );
    const { body } = await send({ broadcast: '1', username: client.username, title: 'T' });
    await client.connect();
    expect(await client.expect(1)).toEqual([body.id]);
  });
});

describe('who may', () => {
  const paths = ['/notification.do?action=send&title=T', '/notification_api.do?action=send&title=T'];

  it.each([...paths, '/user_api.do'])('%s needs a key', async (path) => {
    const answer = await new Rest(gateway.url('HTTP'), undefined).get(path);
    expect([answer.status, answer.body.result]).toEqual([401, '1']);
    expect((await new Rest(gateway.url('HTTP'), 'ck_wrong').get(path)).status).toBe(401);
  });

  it.each([
    ['read', paths[0]!],
    ['send', '/user_api.do'],
  ])('a key for %s alone is refused at %s', async (scope, path) => {
    const { body } = await rest.post('/v1/keys', { name: scope, scopes: [scope] });
    const answer = await new Rest(gateway.url('HTTP'), body.key).get(path);
    expect([answer.status, answer.body.result]).toEqual([403, '1']);
  });

  it('a key in the address is refused, and HEAD sends nothing', async () => {
    const url = `${gateway.url('HTTP')}${paths[0]}`;
    expect((await fetch(`${url}&apiKey=${installation.adminKey}`)).status).toBe(401);
    const client = await connected();
    const headers = { authorization: `Bearer ${installation.adminKey}` };
    const status = await new Promise((resolve, reject) => {
      const head = request(url, { method: 'HEAD', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      head.on('error', reject).end();
    });
    expect([404, 405]).toContain(status);
    const own = (await send({ broadcast: 'N', username: client.username, title: 'T' })).body.id;
    expect(await client.expect(1)).toEqual([own]);
  });
});

describe('with CARILLON_ANDROIDPN=false', () => {
  it('there is nothing of it', async () => {
    const api = await installation.start('api', { CARILLON_ANDROIDPN: 'false' });
    const withoutIt = new Rest(api.url('HTTP'), installation.adminKey);
    for (const path of ['/notification.do', '/notification_api.do', '/user_api.do']) {
      expect([path, (await withoutIt.get(`${path}?action=send&title=T`)).status]).toEqual([path, 404]);
      expect([path, (await new Rest(api.url('HTTP'), undefined).get(path)).status]).toEqual([path, 404]);
    }
    expect((await withoutIt.post('/notification.do', '', { 'content-type': 'text/plain' })).status).toBe(404);
  });
});
