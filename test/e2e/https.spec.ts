import { Agent, request, type RequestOptions } from 'node:https';
import { connect } from 'node:net';
import { json, text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { MqttDevice, XmppDevice } from '../support/devices.js';
import { Installation, type GatewayProcess } from '../support/gateway.js';
import { sayAndWait } from '../support/raw-peer.js';
import { Rest } from '../support/rest.js';
import { secured } from '../support/tls-peer.js';
import { until } from '../support/until.js';

/** The HTTP port speaks HTTP and HTTPS, WebSockets included. */
const installation = new Installation({ CARILLON_HANDSHAKE_TIMEOUT: '4' });
let gateway: GatewayProcess;
let rest: Rest;
let https: string;
const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });

// @xmpp/client takes the global one, and has no option for a self-signed certificate.
const globalWebSocket = globalThis.WebSocket;
class TrustingWebSocket extends WebSocket {
  constructor(url: string, protocols: string[]) {
    super(url, protocols, { rejectUnauthorized: false });
  }
}

beforeAll(async () => {
  globalThis.WebSocket = TrustingWebSocket as unknown as typeof globalThis.WebSocket;
  gateway = await installation.start('all-in-one');
  https = gateway.url('HTTP').replace('http:', 'https:');
  rest = new Rest(gateway.url('HTTP'), installation.adminKey);
});
afterAll(async () => {
  globalThis.WebSocket = globalWebSocket;
  agent.destroy();
  await installation.end();
});

interface Answered {
  status: number;
  body: unknown;
}

function call(path: string, options: RequestOptions = {}, body?: string): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const outgoing = request(https + path, { agent, ...options }, (response) => {
      const isJson = /json/.test(response.headers['content-type'] ?? '');
      (isJson ? json(response) : text(response)).then(
        (content) => resolve({ status: response.statusCode!, body: content }),
        reject,
      );
    });
    outgoing.on('error', reject).end(body);
  });
}
const asAdmin = { authorization: `Bearer ${installation.adminKey}`, 'content-type': 'application/json' };

it('serves the REST API over both, on one port', async () => {
  const options = { method: 'PUT', headers: asAdmin };
  expect(await call('/v1/devices/d-1', options, '{"user":"alice"}')).toMatchObject({
    status: 201,
    body: { id: 'd-1', token: expect.any(String) },
  });
  expect((await rest.get('/v1/devices/d-1')).body).toMatchObject({ user: 'alice' });
  const large = JSON.stringify({ audience: { user: 'alice' }, title: 'x', body: 'y'.repeat(50_000) });
  expect((await call('/v1/notifications', { method: 'POST', headers: asAdmin }, large)).status).toBe(202);
});

it('keeps connections alive, and takes bodies in pieces, over both', async () => {
  for (const scheme of ['http', 'https']) {
    const socket =
      scheme === 'https'
        ? await secured(https, { ALPNProtocols: ['h2', 'http/1.1'] })
        : connect({ port: Number(new URL(https).port), host: '127.0.0.1' });
    let said = '';
    socket.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const head = `PUT /v1/devices/pieces HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${installation.adminKey}\r\n`;
    const requestText = `${head}Content-Type: application/json\r\nContent-Length: 14\r\n\r\n{"user":"bob"}`;
    for (const piece of [requestText.slice(0, 1), requestText.slice(1, 90), requestText.slice(90)]) {
      socket.write(piece);
      await sleep(20);
    }
    socket.write(requestText + requestText);
    const answers = () => said.match(/HTTP\/1\.1 \d+/g)?.map((line) => Number(line.slice(9)));
    await until('three answers', answers, (all) => all?.length === 3);
    expect(answers()!.slice(1)).toEqual([200, 200]);
    socket.destroy();
  }
});

it('chooses HTTP/1.1 by ALPN', async () => {
  const socket = await secured(https, { ALPNProtocols: ['h2', 'http/1.1'] });
  expect(socket.alpnProtocol).toBe('http/1.1');
  socket.destroy();
});

it('serves long-poll over HTTPS', async () => {
  const token = await rest.register('d-2');
  const headers = { authorization: `Basic ${Buffer.from(`d-2:${token}`).toString('base64')}` };
  const polled = call('/v1/inbox?after=0&wait=20', { headers });
  await sleep(100);
  const id = await rest.send({ audience: { device: 'd-2' } });
  expect(await polled).toMatchObject({ status: 200, body: { notifications: [{ id }] } });
});

it('serves MQTT over WSS', async () => {
  const token = await rest.register('d-3');
  const url = `${https.replace('https', 'wss')}/mqtt`;
  const device = new MqttDevice({ id: 'd-3', token }, { url, rejectUnauthorized: false });
  await device.connect();
  const id = await rest.send({ audience: { device: 'd-3' } });
  expect(await device.expect(1)).toEqual([id]);
  await device.disconnect();
});

it('serves XMPP over WSS where XMPP has to be encrypted, and not over a WebSocket without TLS', async () => {
  const credentials = { id: 'd-4', token: await rest.register('d-4') };
  const path = '/xmpp-websocket';
  const device = new XmppDevice(credentials, { service: https.replace('https', 'wss') + path });
  await device.connect();
  const id = await rest.send({ audience: { device: 'd-4' } });
  expect(await device.expect(1)).toEqual([id]);
  await device.disconnect();
  const plain = new WebSocket(https.replace('https', 'ws') + path, ['xmpp']);
  const frames: string[] = [];
  plain.on('message', (data: Buffer) => frames.push(data.toString()));
  plain.on('open', () =>
    plain.send("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>"),
  );
  await new Promise((resolve) => plain.once('close', resolve));
  expect(frames.join('')).toContain('policy-violation');
  expect(frames.join('')).not.toContain('mechanism');
});

describe('a connection that does not come to a request', () => {
  it.each<[string, (string | Buffer)[]]>([
    ['says nothing', []],
    ['begins a handshake and stops', [Buffer.from('16030100c8010000c40303', 'hex')]],
  ])('%s: it ends in time', async (_, pieces) => {
    const { tookMs } = await sayAndWait(gateway.url('HTTP'), pieces);
    expect(tookMs).toBeGreaterThan(3_500);
    expect(tookMs).toBeLessThan(12_000);
  });

  it('makes its handshake byte by byte: it ends in time too', async () => {
    const socket = connect({ port: Number(new URL(https).port), host: '127.0.0.1' });
    socket.on('error', () => undefined);
    const begun = Date.now();
    const hello = Buffer.concat([Buffer.from('16030100c8010000c40303', 'hex'), Buffer.alloc(100)]);
    let sent = 0;
    const trickle = setInterval(() => socket.write(hello.subarray(sent, ++sent)), 200);
    await new Promise((resolve) => socket.once('close', resolve));
    clearInterval(trickle);
    expect(Date.now() - begun).toBeLessThan(12_000);
  });

  it.each(['garbage', '\x16garbage'])('is neither HTTP nor TLS (%j): it ends at once', async (words) => {
    expect((await sayAndWait(gateway.url('HTTP'), [words + '\r\n\r\n'])).tookMs).toBeLessThan(3_500);
  });
});

it('refuses what is not encrypted where that is required', async () => {
  const strict = await installation.start('api', { CARILLON_HTTP_TLS: 'required' });
  const { said } = await sayAndWait(strict.url('HTTP').replace('https:', 'http:'), [
    'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n',
  ]);
  expect(said.toString()).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*HTTPS alone/);
  expect(strict.url('HTTP')).toMatch(/^https:/);
  https = strict.url('HTTP');
  expect((await call('/health/live')).status).toBe(200);
});

it('speaks no TLS where it is off', async () => {
  const plain = await installation.start('api', { CARILLON_HTTP_TLS: 'off' });
  const { said } = await sayAndWait(plain.url('HTTP'), [Buffer.from('16030100c8010000c40303', 'hex')]);
  expect(said.toString()).toMatch(/^HTTP\/1\.1 400 /);
  expect((await fetch(`${plain.url('HTTP')}/health/live`)).status).toBe(200);
});

it('ends in order, with connections in every stage', async () => {
  const api = await installation.start('api', { CARILLON_HANDSHAKE_TIMEOUT: '60' });
  const port = Number(new URL(api.url('HTTP')).port);
  const silent = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => undefined);
  const half = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => undefined);
  half.write(Buffer.from('16030100c8010000c40303', 'hex'));
  const idle = await secured(api.url('HTTP'));
  await sleep(100);
  const begun = Date.now();
  expect(await api.end('SIGTERM')).toBe(true);
  expect(Date.now() - begun).toBeLessThan(5_000);
  for (const socket of [silent, half, idle]) socket.destroy();
});
