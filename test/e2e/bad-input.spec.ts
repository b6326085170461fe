import { connect } from 'node:net';
import mqtt from 'mqtt';
import { generate, parser, type IConnectPacket, type Packet } from 'mqtt-packet';
import { WebSocket } from 'ws';
import { MqttDevice, PollDevice, type TestDevice, XmppDevice } from '../support/devices.js';
import { Installation, type GatewayProcess } from '../support/gateway.js';
import { seeded } from '../support/random.js';
import { type Farewell, sayAndWait } from '../support/raw-peer.js';
import { type Answer, Rest } from '../support/rest.js';
import { until } from '../support/until.js';

/** Whatever comes in is answered with a clear refusal, and nobody beside it notices. */
// XMPP over a WebSocket without TLS needs the last.
const installation = new Installation({ CARILLON_XMPP_TLS: 'optional' });
let gateway: GatewayProcess;
let rest: Rest;
let healthy: TestDevice[];
let ended: string[];
let token: string;
/** Begun first: it is waited for at the end. */
let halfPacket: Promise<Farewell>;

// @xmpp/client takes the global one, which Node has from version 22 on.
globalThis.WebSocket ??= WebSocket as unknown as typeof globalThis.WebSocket;

const webSocketUrl = (path: string) => gateway.url('HTTP').replace('http', 'ws') + path;

beforeAll(async () => {
  gateway = await installation.start('all-in-one');
  rest = new Rest(gateway.url('HTTP'), installation.adminKey);
  halfPacket = sayAndWait(gateway.url('MQTT'), [Buffer.from([0x10, 0x20, 0x00, 0x04, 0x4d])]);
  ended = [];
  token = await rest.register('victim');
  const make: ((id: string, token: string) => TestDevice)[] = [
    (id, secret) => new MqttDevice({ id, token: secret }, { url: gateway.url('MQTT'), protocolVersion: 5 }),
    (id, secret) => new MqttDevice({ id, token: secret }, { url: webSocketUrl('/mqtt') }),
    (id, secret) => new XmppDevice({ id, token: secret }, { service: gateway.url('XMPP') }),
    (id, secret) => new XmppDevice({ id, token: secret }, { service: webSocketUrl('/xmpp-websocket') }),
    (id, secret) => new PollDevice({ id, token: secret }, gateway.url('HTTP')),
  ];
  healthy = await Promise.all(
    make.map(async (each, i) =>
      each(`healthy-${i}`, await rest.register(`healthy-${i}`, { tags: ['healthy'] })),
    ),
  );
  for (const device of healthy) {
    await device.connect();
    const { id } = device.credentials;
    if (device instanceof MqttDevice) device.client.on('close', () => ended.push(id));
    if (device instanceof XmppDevice) device.client.on('disconnect', () => ended.push(id));
  }
});
afterAll(async () => {
  await Promise.all(healthy.map((device) => device.disconnect()));
  await installation.end();
});

afterEach(async () => {
  const before = healthy.map(({ received }) => received.length);
  const sent = await rest.send({ audience: { tag: 'healthy' } });
  const others = () =>
    healthy.map(({ ids }, i) => ({ last: ids.at(-1), surplus: ids.length - before[i]! - 1 }));
  await until(
    'everybody beside it receives a push, once',
    () => ({ others: others(), ended }),
    (seen) =>
      seen.ended.length === 0 && seen.others.every(({ last, surplus }) => last === sent && surplus === 0),
    5_000,
  );
});

const random = seeded(20_261_121);
const noise = (length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
const HTTP_REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: curl/8.0\r\nAccept: */*\r\n\r\n';
/** The beginning of a TLS ClientHello. */
const CLIENT_HELLO = Buffer.from('16030100c8010000c40303', 'hex');

function packetsIn(bytes: Buffer, protocolVersion: 4 | 5): Packet[] {
  const packets: Packet[] = [];
  const reader = parser({ protocolVersion });
  reader.on('packet', (packet) => packets.push(packet));
  reader.parse(bytes);
  return packets;
}

const connectPacket = (protocolVersion: 4 | 5, more: Partial<IConnectPacket> = {}): Buffer =>
  generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion,
    clean: true,
    clientId: 'victim',
    username: 'victim',
    password: Buffer.from(token),
    keepalive: 60,
    ...more,
  });

describe('on the MQTT port', () => {
  it.each<[string, (string | Buffer)[]]>([
    ['garbage', [noise(65_536)]],
    ['an HTTP request', [HTTP_REQUEST]],
    ['a TLS handshake', [CLIENT_HELLO, noise(200)]],
    ['an XMPP stream', ["<?xml version='1.0'?><stream:stream to='localhost'>"]],
    ['a length of five bytes', [Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0x7f]), noise(100)]],
    ['a CONNECT of 256 MB', [Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]), noise(10_000)]],
    [
      'a PUBLISH before CONNECT',
      [generate({ cmd: 'publish', topic: 't', payload: 'x', qos: 0, dup: false, retain: false })],
    ],
    ['a reserved packet type', [Buffer.from([0x00, 0x00])]],
    ['a CONNECT cut by its own length', [Buffer.from([0x10, 0x06, 0x00, 0x04, 0x4d, 0x51, 0x54, 0x54])]],
    [
      'the name of another protocol',
      [Buffer.from([0x10, 0x0c, 0x00, 0x04, 0x4d, 0x51, 0x58, 0x58, 0x04, 0x02, 0x00, 0x3c, 0x00, 0x00])],
    ],
  ])('%s: the connection ends at once', async (_, pieces) => {
    const { said, tookMs } = await sayAndWait(gateway.url('MQTT'), pieces);
    expect(tookMs).toBeLessThan(5_000);
    // At most a CONNACK or DISCONNECT: nothing is told to who does not speak the protocol.
    expect(said.length).toBeLessThan(16);
  });

  it.each<[string, number[], number]>([
    ['a reserved packet type', [0x00, 0x00], 0x81],
    ['wrong flags', [0x80, 0x05, 0x00, 0x01, 0x00, 0x00, 0x00], 0x81],
    ['a QoS of 3', [0x36, 0x06, 0x00, 0x01, 0x74, 0x00, 0x01, 0x00], 0x81],
    ['a topic with a wildcard', [0x30, 0x04, 0x00, 0x01, 0x23, 0x00], 0x81],
    ['a second CONNECT', [], 0x82],
  ])('%s behind a good MQTT 5 CONNECT: DISCONNECT says why', async (what, bytes, reasonCode) => {
    const hello = connectPacket(5);
    const bad = what === 'a second CONNECT' ? hello : Buffer.from(bytes);
    const { said } = await sayAndWait(gateway.url('MQTT'), [Buffer.concat([hello, bad])]);
    expect(packetsIn(said, 5)).toMatchObject([
      { cmd: 'connack', reasonCode: 0 },
      { cmd: 'disconnect', reasonCode },
    ]);
  });

  it.each([
    ['a wrong token', { password: Buffer.from('wrong') }, 4, 0x86],
    ['a device that nobody knows', { clientId: 'x', username: 'x' }, 4, 0x86],
    ['no credentials', { username: undefined, password: undefined }, 5, 0x87],
  ])('%s: refused in CONNACK', async (_, more, code4, code5) => {
    const [v4] = packetsIn((await sayAndWait(gateway.url('MQTT'), [connectPacket(4, more)])).said, 4);
    expect(v4).toMatchObject({ cmd: 'connack', returnCode: code4 });
    const [v5] = packetsIn((await sayAndWait(gateway.url('MQTT'), [connectPacket(5, more)])).said, 5);
    expect(v5).toMatchObject({ cmd: 'connack', reasonCode: code5 });
  });

  it('another device’s inbox and events: not authorised, and nothing comes', async () => {
    const client = await mqtt.connectAsync(gateway.url('MQTT'), {
      clientId: 'victim',
      username: 'victim',
      password: token,
      protocolVersion: 5,
      reconnectPeriod: 0,
    });
    const refusal = await client
      .subscribeAsync('devices/healthy-0/inbox', { qos: 1 })
      .catch((error: { packet: { granted: number[] } }) => error);
    expect(refusal).toMatchObject({ packet: { granted: [0x87] } });
    const failure = await client
      .publishAsync('devices/healthy-0/events', '{}', { qos: 1 })
      .catch((error: { code: number }) => error);
    expect(failure).toMatchObject({ code: 0x87 });
    await client.endAsync(true);
  });

  it('a thousand connections of garbage one after another', async () => {
    let endings = 0;
    for (let i = 0; i < 20; i++) {
      const wave = Array.from({ length: 50 }, () => sayAndWait(gateway.url('MQTT'), [noise(64)], 20_000));
      endings += (await Promise.all(wave)).length;
    }
    expect(endings).toBe(1_000);
  }, 60_000);
});

describe('on the TLS ports', () => {
  it.each(['MQTT TLS', 'XMPP TLS'])('%s: what is no TLS', async (listener) => {
    for (const words of [HTTP_REQUEST, noise(4_096), connectPacket(4)]) {
      const { tookMs } = await sayAndWait(
        gateway.url(listener).replace('mqtts', 'mqtt').replace('xmpps', 'xmpp'),
        [words],
      );
      expect(tookMs).toBeLessThan(5_000);
    }
  });

  it.each(['MQTT TLS', 'XMPP TLS'])('%s: garbage within TLS', async (listener) => {
    expect((await sayAndWait(gateway.url(listener), [noise(10_000)])).tookMs).toBeLessThan(5_000);
  });
});

describe('on the XMPP port', () => {
  const OPEN =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>";
  it.each<[string, (string | Buffer)[], RegExp]>([
    [
      'garbage',
      [noise(65_536)],
      /not-well-formed|unsupported-encoding|bad-format|restricted-xml|invalid-xml/,
    ],
    ['an HTTP request', [HTTP_REQUEST], /not-well-formed|bad-format|invalid-xml/],
    [
      'an MQTT CONNECT',
      [Buffer.from('101000044d5154540402003c000474657374', 'hex')],
      /not-well-formed|bad-format|invalid-xml/,
    ],
    ['XML that does not close', [OPEN, '<iq><a></b></iq>'], /not-well-formed/],
    [
      'a document type',
      ["<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'aaaa'>]>", OPEN, '<iq>&a;</iq>'],
      /restricted-xml/,
    ],
    ['a processing instruction', [OPEN, '<?php exit ?>'], /restricted-xml/],
    ['a comment', [OPEN, '<!-- hello -->'], /restricted-xml/],
    ['another namespace', [OPEN.replace('jabber:client', 'jabber:server')], /invalid-namespace/],
    ['another stream namespace', [OPEN.replace('etherx', 'other')], /invalid-namespace/],
    [
      'bytes that are no UTF-8',
      [OPEN, Buffer.from('<a>\xff\xfe\x80</a>', 'latin1')],
      /bad-format|not-well-formed|unsupported-encoding|invalid-xml/,
    ],
    ['an element without end', [OPEN, `<iq id='${'x'.repeat(2_000_000)}`], /policy-violation/],
    ['a tree without end', [OPEN, '<a>'.repeat(100_000)], /policy-violation|not-authorized/],
    [
      'a message before the login',
      [OPEN, "<message to='x@localhost'><body>hi</body></message>"],
      /not-authorized|policy-violation/,
    ],
  ])('%s: a stream error, and the end', async (_, pieces, condition) => {
    const { said, tookMs } = await sayAndWait(gateway.url('XMPP'), pieces);
    expect(said.toString('latin1')).toMatch(condition);
    expect(tookMs).toBeLessThan(8_000);
  });

  it('a wrong token: not-authorized', async () => {
    for (const [id, secret] of [
      ['victim', 'wrong'],
      ['nobody', token],
    ] as const) {
      const device = new XmppDevice({ id, token: secret }, { service: gateway.url('XMPP') });
      await expect(device.connect()).rejects.toMatchObject({
        name: 'SASLError',
        condition: 'not-authorized',
      });
      await device.disconnect().catch(() => undefined);
    }
  });
});

describe('on the WebSocket paths', () => {
  const open = (path: string, protocol: string | undefined, first?: string | Buffer): Promise<number> =>
    new Promise((resolve) => {
      const socket = new WebSocket(webSocketUrl(path), protocol ? [protocol] : []);
      socket.on('open', () => first !== undefined && socket.send(first));
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode!));
      socket.on('close', (code) => resolve(code));
      socket.on('error', () => undefined);
    });

  it.each<[string, string, string | undefined, (string | Buffer) | undefined, number[]]>([
    ['a path that is none', '/nowhere', 'mqtt', undefined, [404]],
    ['no sub-protocol', '/mqtt', undefined, undefined, [400]],
    ['another sub-protocol', '/xmpp-websocket', 'mqtt', undefined, [400]],
    ['text for MQTT', '/mqtt', 'mqtt', 'hello', [1003]],
    ['garbage for MQTT', '/mqtt', 'mqtt', noise(1_000), [1000, 1002, 1005, 1006]],
    ['a frame of 2 MB', '/mqtt', 'mqtt', noise(2_000_000), [1009]],
    ['garbage for XMPP', '/xmpp-websocket', 'xmpp', '<<<>>>', [1000, 1002, 1003, 1005, 1007]],
    [
      'a TCP stream header for XMPP',
      '/xmpp-websocket',
      'xmpp',
      "<stream:stream to='localhost'>",
      [1000, 1002, 1003, 1005, 1007],
    ],
    ['a frame of 2 MB for XMPP', '/xmpp-websocket', 'xmpp', `<open to='${'x'.repeat(2_000_000)}'/>`, [1009]],
  ])('%s', async (_, path, protocol, first, codes) => {
    const code = await open(path, protocol, first);
    expect(codes).toContain(code);
  });

  it('frames that are none', async () => {
    const upgrade = (path: string, protocol: string) =>
      `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`;
    for (const [path, protocol] of [
      ['/mqtt', 'mqtt'],
      ['/xmpp-websocket', 'xmpp'],
    ] as const) {
      const { said } = await sayAndWait(gateway.url('HTTP'), [upgrade(path, protocol), noise(500)]);
      expect(said.toString('latin1')).toMatch(/^HTTP\/1\.1 101 /);
    }
  });
});

describe('over REST', () => {
  const send = (body: unknown) => rest.post('/v1/notifications', body);
  /** The status, and what the problem document says of itself. */
  const outcome = ({ status, headers, body }: Answer) => {
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(body).toMatchObject({ status, type: `/problems/${body.code}`, detail: expect.any(String) });
    return [status, body.code as string];
  };
  const good = { audience: { device: 'victim' }, title: 'x' };

  it('bodies of 10 MB, of clients that listen only when they have said all', async () => {
    const body = { ...good, body: 'x'.repeat(10 * 1024 * 1024) };
    const answers = await Promise.all(Array.from({ length: 8 }, () => send(body)));
    expect(answers.map(outcome)).toEqual(Array.from({ length: 8 }, () => [413, 'payload-too-large']));
  });

  it.each([
    ['not JSON', '{"audience":', 'malformed-json'],
    ['JSON that is no object', '[1,2]', 'invalid-request'],
    ['JSON that nests without end', `${'['.repeat(50_000)}${']'.repeat(50_000)}`, 'malformed-json'],
    ['nothing', '', 'malformed-json'],
  ])('%s', async (_, body, code) => {
    const answer = await send(body);
    expect(answer.status).toBe(400);
    expect([code, 'invalid-request']).toContain(answer.body.code);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  });

  it.each<[string, object, RegExp]>([
    ['a field that is none', { ...good, tittle: 'x' }, /tittle/],
    [
      'a field that is none, deep inside',
      { ...good, audience: { any: [{ device: 'x' }, { devize: 'x' }] } },
      /devize/,
    ],
    ['no audience', { title: 'x' }, /audience/],
    ['bad coordinates', { ...good, audience: { area: { circle: { lat: 91, lon: 0, radius: 10 } } } }, /lat/],
    ['a time in the past', { ...good, at: '2020-01-01T00:00:00Z' }, /past/],
    ['a zone that is none', { ...good, at: '2030-01-01T00:00', zone: 'Europe/Atlantis' }, /zone/],
    ['a negative ttl', { ...good, ttl: -1 }, /ttl/],
    ['a transport that is none', { ...good, transports: ['pigeon'] }, /transports/],
  ])('%s is named', async (_, body, named) => {
    const answer = await send(body);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).toMatch(named);
  });

  it('no key, a wrong key, a key without the scope', async () => {
    const as = (key: string | undefined) => new Rest(gateway.url('HTTP'), key);
    expect(outcome(await as(undefined).post('/v1/notifications', good))).toEqual([401, 'unauthenticated']);
    expect(outcome(await as('ck_0000000000000000_wrong').post('/v1/notifications', good))).toEqual([
      401,
      'unauthenticated',
    ]);
    const { body } = await rest.post('/v1/keys', { name: 'reader', scopes: ['read'] });
    const reader = as((body.key ?? body.secret ?? body.text) as string);
    expect((await reader.get('/v1/devices')).status).toBe(200);
    expect(outcome(await reader.post('/v1/notifications', good))).toEqual([403, 'forbidden']);
    expect(outcome(await reader.put('/v1/devices/mine', {}))).toEqual([403, 'forbidden']);
  });

  it('another media type, another method, another path', async () => {
    expect(
      outcome(await rest.call('POST', '/v1/notifications', '<x/>', { 'content-type': 'text/xml' })),
    ).toEqual([415, 'unsupported-media-type']);
    expect(outcome(await rest.delete('/v1/notifications'))).toEqual([405, 'method-not-allowed']);
    expect(outcome(await rest.get('/v1/nothing'))).toEqual([404, 'not-found']);
  });

  it('a device with a wrong token, and a cursor that is none', async () => {
    const poll = async (secret: string, query: string) => {
      const credentials = Buffer.from(`victim:${secret}`).toString('base64');
      return fetch(`${gateway.url('HTTP')}/v1/inbox?${query}`, {
        headers: { authorization: `Basic ${credentials}` },
      });
    };
    expect((await poll('wrong', 'after=0&wait=0')).status).toBe(401);
    expect((await poll(token, 'after=yesterday&wait=0')).status).toBe(400);
    expect((await poll(token, 'after=0&wait=9999')).status).toBe(400);
    expect((await poll(token, 'after=0&wait=0')).status).toBe(200);
  });

  it('what is no HTTP', async () => {
    for (const words of [noise(4_096), 'HELO example.org\r\n\r\n', connectPacket(4)]) {
      const { said } = await sayAndWait(gateway.url('HTTP'), [words]);
      expect(said.toString('latin1')).toMatch(/^HTTP\/1\.1 400 /);
    }
    const header = `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(100_000)}\r\n\r\n`;
    expect((await sayAndWait(gateway.url('HTTP'), [header])).said.toString('latin1')).toMatch(
      /^HTTP\/1\.1 431 /,
    );
  });

  it('requests that are cut in the middle', async () => {
    const { hostname, port } = new URL(gateway.url('HTTP'));
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const socket = connect({ host: hostname, port: Number(port) });
        socket.on('error', () => undefined);
        socket.write(
          `POST /v1/notifications HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n${'{'.repeat(i)}`,
        );
        await new Promise((resolve) => socket.once('connect', resolve));
        socket.destroy();
      }),
    );
    expect((await send(good)).status).toBe(202);
  });
});

it('half a packet on the MQTT port: its time is over after ten seconds', async () => {
  const { said, tookMs } = await halfPacket;
  expect(said.length).toBe(0);
  expect(tookMs).toBeGreaterThan(8_000);
  expect(tookMs).toBeLessThan(14_000);
});
