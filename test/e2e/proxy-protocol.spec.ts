import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { generate, parser, type Packet } from 'mqtt-packet';
import { WebSocket } from 'ws';
import { Installation, type GatewayProcess } from '../support/gateway.js';
import { LOCAL, version1, version2 } from '../support/proxy-header.js';
import { sayAndWait } from '../support/raw-peer.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

/** PROXY protocol: before MQTT and XMPP, before TLS, before HTTP; the client's address is that of the header. */
const installation = new Installation({
  CARILLON_PROXY_PROTOCOL: 'mqtt,mqtts,xmpp,xmpps,http',
  CARILLON_LOG_LEVEL: 'debug',
  CARILLON_HANDSHAKE_TIMEOUT: '4',
  // Two at once; so the tests tell by whom a connection is counted.
  CARILLON_MAX_CONNECTIONS_PER_ADDRESS: '2',
});
let api: GatewayProcess;
let edge: GatewayProcess;
let token: string;
const sockets: { destroy(): void }[] = [];

beforeAll(async () => {
  // The API takes requests without headers.
  api = await installation.start('api', { CARILLON_PROXY_PROTOCOL: '' });
  edge = await installation.start('edge');
  token = await new Rest(api.url('HTTP'), installation.adminKey).register('d-1');
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(() => installation.end());

function dial(listener: string, ...pieces: Buffer[]): Socket {
  const { hostname: host, port } = new URL(edge.url(listener));
  const socket = connectTcp({ host, port: Number(port) });
  socket.on('error', () => undefined);
  sockets.push(socket);
  socket.write(Buffer.concat(pieces));
  return socket;
}

const hello = (): Buffer =>
  generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 5,
    clean: true,
    clientId: 'd-1',
    username: 'd-1',
    password: Buffer.from(token),
    keepalive: 60,
  });

async function firstPacket(socket: NodeJS.ReadableStream): Promise<Packet> {
  const reader = parser({ protocolVersion: 5 });
  const packet = once(reader, 'packet') as Promise<[Packet]>;
  socket.on('data', (chunk: Buffer) => void reader.parse(chunk));
  return (await packet)[0];
}

const STREAM =
  "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>";

const HEADERS: [string, Buffer][] = [
  ['version 1, TCP4', version1('203.0.113.1')],
  ['version 1, TCP6', version1('2001:db8::1')],
  ['version 1, UNKNOWN', Buffer.from('PROXY UNKNOWN\r\n')],
  ['version 2', version2('203.0.113.2')],
  ['version 2 with TLVs', version2('203.0.113.3', Buffer.from('04000212ab', 'hex'))],
  ['LOCAL', LOCAL],
];

it.each(HEADERS)('MQTT behind a header in the same segment: %s', async (_, header) => {
  expect(await firstPacket(dial('MQTT', header, hello()))).toMatchObject({ cmd: 'connack', reasonCode: 0 });
});

it('takes a header that comes byte by byte', async () => {
  const socket = dial('MQTT');
  for (const byte of Buffer.concat([version2('203.0.113.4'), hello()])) socket.write(Buffer.of(byte));
  expect(await firstPacket(socket)).toMatchObject({ cmd: 'connack', reasonCode: 0 });
});

it.each(HEADERS)('TLS and MQTT behind a header: %s', async (_, header) => {
  const socket = connectTls({ socket: dial('MQTT TLS', header), rejectUnauthorized: false });
  socket.on('error', () => undefined).write(hello());
  expect(await firstPacket(socket)).toMatchObject({ cmd: 'connack', reasonCode: 0 });
});

it.each(['XMPP', 'XMPP TLS'])('%s behind a header', async (listener) => {
  const raw = dial(listener, version1('203.0.113.5'));
  const socket = listener === 'XMPP' ? raw : connectTls({ socket: raw, rejectUnauthorized: false });
  socket.on('error', () => undefined);
  socket.write(STREAM);
  const [said] = (await once(socket, 'data')) as [Buffer];
  expect(said.toString()).toContain('<stream:features>');
});

it('HTTP behind a header, with TLS and without', async () => {
  const head = 'GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
  const plain = dial('HTTP', version2('203.0.113.6'), Buffer.from(head));
  expect(await text(plain)).toMatch(/^HTTP\/1\.1 200 /);
  const secure = connectTls({ socket: dial('HTTP', version1('203.0.113.6')), rejectUnauthorized: false });
  secure.write(head);
  expect(await text(secure)).toMatch(/^HTTP\/1\.1 200 /);
});

it('/metrics is not open to whom a proxy on this machine speaks for', async () => {
  const status = async (socket: Socket) => {
    const outgoing = request({ path: '/metrics', createConnection: () => socket });
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [{ statusCode: number; resume(): void }];
    response.resume();
    return response.statusCode;
  };
  expect(await status(dial('HTTP', version1('203.0.113.7')))).toBe(401);
  expect(await status(dial('HTTP', LOCAL))).toBe(200);
  const secure = (header: Buffer) => connectTls({ socket: dial('HTTP', header), rejectUnauthorized: false });
  expect(await status(secure(version1('203.0.113.7')))).toBe(401);
  expect(await status(secure(LOCAL))).toBe(200);
});

describe('limits go by the address of the header', () => {
  const open = async (listener: 'MQTT' | 'MQTT TLS', address: string): Promise<string> => {
    const raw = dial(listener, version1(address));
    const socket = listener === 'MQTT' ? raw : connectTls({ socket: raw, rejectUnauthorized: false });
    socket.on('error', () => undefined);
    socket.write(
      generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 5,
        clean: true,
        clientId: 'x',
        keepalive: 0,
      }),
    );
    const ended = new Promise<string>((resolve) => socket.once('close', () => resolve('closed')));
    const packet = firstPacket(socket).then(
      (it) => `${it.cmd} ${(it as { reasonCode?: number }).reasonCode}`,
    );
    return Promise.race([packet, ended]);
  };
  /** Occupies both places of an address. */
  const occupy = async (address: string): Promise<void> => {
    for (let place = 0; place < 2; place++)
      await once(dial('XMPP', version1(address), Buffer.from(STREAM)), 'data');
  };

  it('tells the third of an address so in MQTT’s words; another address is let in', async () => {
    await occupy('203.0.113.10');
    expect(await open('MQTT', '203.0.113.10')).toBe(`connack ${0x97}`);
    expect(await open('MQTT TLS', '203.0.113.10')).toBe('closed');
    expect(await open('MQTT', '203.0.113.11')).toBe(`connack ${0x87}`);
  });

  it('counts an IPv6 network as one', async () => {
    await occupy('2001:db8:0:7::1');
    expect(await open('MQTT', '2001:db8:0:7::2')).toBe(`connack ${0x97}`);
    expect(await open('MQTT', '2001:db8:0:8::2')).toBe(`connack ${0x87}`);
  });

  it('counts WebSockets with the others', async () => {
    await occupy('203.0.113.12');
    const upgrade = (address: string): Promise<number> =>
      new Promise((resolve) => {
        const socket = new WebSocket('ws://x/mqtt', ['mqtt'], {
          createConnection: () => dial('HTTP', version2(address)),
        });
        socket.on('open', () => resolve(101));
        socket.on('unexpected-response', (_request, response) => resolve(response.statusCode!));
        socket.on('error', () => undefined);
      });
    expect(await upgrade('203.0.113.12')).toBe(503);
    expect(await upgrade('203.0.113.13')).toBe(101);
  });
});

it('the log names the address of the header', async () => {
  const refused = generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 5,
    clean: true,
    clientId: 'd-1',
    username: 'd-1',
    password: Buffer.from('wrong'),
    keepalive: 60,
  });
  for (const [listener, address] of [
    ['MQTT', '203.0.113.20'],
    ['MQTT TLS', '203.0.113.21'],
  ] as const) {
    const raw = dial(listener, version1(address));
    const socket = listener === 'MQTT' ? raw : connectTls({ socket: raw, rejectUnauthorized: false });
    socket.on('error', () => undefined).write(refused);
    const line = await until('the refusal', () =>
      edge.log.find((each) => each.includes('connection refused') && each.includes(`"${address}"`)),
    );
    expect(JSON.parse(line!)).toMatchObject({ address, clientId: 'd-1' });
  }
});

describe('what is no header', () => {
  it.each<[string, string, Buffer[], RegExp]>([
    ['no header', 'MQTT', [Buffer.from('100c00044d515454', 'hex')], /no PROXY header/],
    ['no header before TLS', 'MQTT TLS', [Buffer.from('16030100c8010000', 'hex')], /no PROXY header/],
    ['no header before HTTP', 'HTTP', [Buffer.from('GET / HTTP/1.1\r\n\r\n')], /no PROXY header/],
    ['a bad address', 'XMPP', [Buffer.from('PROXY TCP4 1.2.3 4.5.6.7 1 2\r\n')], /an address/],
    ['half a header', 'XMPP TLS', [Buffer.from('PROXY TCP4 1.2.3.4 ')], /in time/],
    ['silence', 'MQTT', [], /in time/],
  ])(
    '%s: that connection ends, with a reason in the log',
    async (_, listener, pieces, reason) => {
      const healthy = dial('MQTT', version1('203.0.113.30'), hello());
      expect(await firstPacket(healthy)).toMatchObject({ reasonCode: 0 });
      const before = edge.log.length;
      const url = edge.url(listener).replace('mqtts:', 'mqtt:').replace('xmpps:', 'xmpp:');
      const { said, tookMs } = await sayAndWait(url, pieces);
      expect(said.length).toBe(0);
      expect(tookMs).toBeLessThan(12_000);
      const line = () =>
        edge.log.slice(before).find((each) => each.includes('PROXY protocol') && reason.test(each));
      await until('the reason', line);
      expect(healthy.destroyed).toBe(false);
    },
    20_000,
  );

  it('a connection that only looks whether the port is open leaves no line', async () => {
    const before = edge.log.length;
    const socket = dial('MQTT');
    await once(socket, 'connect');
    socket.end();
    await once(socket, 'close');
    expect(edge.log.slice(before).filter((line) => line.includes('PROXY'))).toEqual([]);
  });
});

describe('with trusted proxies', () => {
  it('believes no header of anybody else, and serves others directly', async () => {
    const trusting = await installation.start('edge', { CARILLON_PROXY_TRUSTED: '192.0.2.0/24' });
    const [before, url] = [edge, trusting.url('MQTT')];
    edge = trusting;
    expect(await firstPacket(dial('MQTT', hello()))).toMatchObject({ cmd: 'connack', reasonCode: 0 });
    const { said } = await sayAndWait(url, [Buffer.concat([version1('203.0.113.1'), hello()])]);
    expect(said.length).toBe(0);
    const told = () => trusting.log.some((line) => line.includes('first packet is not CONNECT'));
    await until('the reason', told);
    edge = before;
  });

  it('wants a header of them', async () => {
    const trusting = await installation.start('edge', { CARILLON_PROXY_TRUSTED: '192.0.2.1, 127.0.0.0/8' });
    const { said } = await sayAndWait(trusting.url('MQTT'), [hello()]);
    expect(said.length).toBe(0);
    await until('the reason', () => trusting.log.some((line) => line.includes('no PROXY header')));
  });
});
