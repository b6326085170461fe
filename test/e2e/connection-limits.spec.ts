import { connect as connectTcp, type Socket } from 'node:net';
import { MqttClient } from 'mqtt';
import { WebSocket } from 'ws';
import { MqttDevice } from '../support/devices.js';
import { Installation, type GatewayProcess } from '../support/gateway.js';
import { sayAndWait } from '../support/raw-peer.js';
import { Rest } from '../support/rest.js';
import { secured } from '../support/tls-peer.js';
import { until } from '../support/until.js';

/** How many connections, and how fast: in all, and from each address. */
const installation = new Installation({ CARILLON_LOG_LEVEL: 'debug' });
const sockets: { destroy(): void }[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(() => installation.end());

/** From this address of the loopback network, to a listener. */
function occupy(url: string, localAddress = '127.0.0.1'): Promise<Socket> {
  const { port } = new URL(url);
  const socket = connectTcp({ host: '127.0.0.1', port: Number(port), localAddress });
  sockets.push(socket);
  socket.on('error', () => undefined);
  return new Promise((resolve) => socket.once('connect', () => resolve(socket)));
}

/** How the broker answers a client without credentials: by a reason code, or not at all. */
function refusal(
  url: string,
  protocolVersion: 4 | 5 = 5,
  localAddress = '127.0.0.1',
): Promise<number | string> {
  const { port } = new URL(url);
  const dial = () => connectTcp({ host: '127.0.0.1', port: Number(port), localAddress });
  const client = new MqttClient(dial, { protocolVersion, reconnectPeriod: 0 });
  return new Promise((resolve) => {
    client.on('error', (error) => resolve((error as { code?: number }).code ?? 'closed'));
    client.on('close', () => resolve('closed'));
  });
}

const upgraded = (gateway: GatewayProcess, path = '/mqtt', protocol = 'mqtt'): Promise<number> =>
  new Promise((resolve) => {
    const socket = new WebSocket(gateway.url('HTTP').replace('http', 'ws') + path, [protocol]);
    sockets.push({ destroy: () => socket.terminate() });
    socket.on('open', () => resolve(101));
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode!));
    socket.on('error', () => undefined);
  });

/** The sum of all samples whose name, labels included, is or matches this. */
async function metric(gateway: GatewayProcess, name: string | RegExp): Promise<number> {
  const text = await (await fetch(`${gateway.url('HTTP')}/metrics`)).text();
  const samples = [...text.matchAll(/^carillon_(\S+) (\S+)$/gm)];
  const chosen = samples.filter(([, sample]) =>
    typeof name === 'string' ? sample === name : name.test(sample!),
  );
  return chosen.reduce((sum, [, , value]) => sum + Number(value), 0);
}

/** A client is connected before the server has taken note of it. */
const counted = (gateway: GatewayProcess, connections: number) =>
  until(
    `${connections} connections`,
    () => metric(gateway, /^connections\{/),
    (count) => count === connections,
  );

const FAILED_HANDSHAKES = 'connections_refused_total{listener="mqtts",reason="tls-handshake"}';

describe('in all', () => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await installation.start('all-in-one', { CARILLON_MAX_CONNECTIONS: '4' });
  });
  beforeEach(() => counted(gateway, 0));

  it('counts all listeners together, and those that are not through their handshake', async () => {
    await occupy(gateway.url('MQTT'));
    await occupy(gateway.url('MQTT TLS'));
    await occupy(gateway.url('XMPP TLS'));
    expect(await upgraded(gateway)).toBe(101);
    await counted(gateway, 4);

    expect(await refusal(gateway.url('MQTT'))).toBe(0x97);
    expect(await refusal(gateway.url('MQTT'), 4)).toBe(3);
    expect(await upgraded(gateway)).toBe(503);
    expect(await upgraded(gateway, '/xmpp-websocket', 'xmpp')).toBe(503);
    const xmpp = await sayAndWait(gateway.url('XMPP'), [
      "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>",
    ]);
    expect(xmpp.said.toString()).toContain('<resource-constraint');
    await expect(secured(gateway.url('MQTT TLS'))).rejects.toThrow(/disconnected|ECONNRESET/);

    expect(await metric(gateway, 'connections_refused_total{listener="mqtt",reason="total"}')).toBe(2);
    expect(await metric(gateway, 'connections_refused_total{listener="mqtt-websocket",reason="total"}')).toBe(
      1,
    );
    const line = () => gateway.log.find((each) => each.includes('a connection was refused'));
    expect(JSON.parse((await until('the line', line))!)).toMatchObject({
      reason: 'total',
      address: '127.0.0.1',
    });
  });

  it('leaves the API and health out of it, and has room again when connections end', async () => {
    const places = [occupy(gateway.url('MQTT')), occupy(gateway.url('MQTT')), occupy(gateway.url('XMPP'))];
    const [first] = await Promise.all([...places, occupy(gateway.url('XMPP'))]);
    await counted(gateway, 4);
    expect(await refusal(gateway.url('MQTT'))).toBe(0x97);
    const rest = new Rest(gateway.url('HTTP'), installation.adminKey);
    expect((await rest.get('/v1/devices')).status).toBe(200);
    first!.destroy();
    await until(
      'the place',
      () => refusal(gateway.url('MQTT')),
      (code) => code === 0x87,
    );
  });

  it('gives every place back: a thousand connections later there is none taken', async () => {
    for (let i = 0; i < 20; i++) {
      const wave = await Promise.all(
        Array.from({ length: 50 }, (_, n) => occupy(gateway.url(n % 2 ? 'MQTT' : 'MQTT TLS'))),
      );
      for (const socket of wave) socket.destroy();
    }
    for (const listener of ['mqtt', 'mqtts']) {
      await until(
        listener,
        () => metric(gateway, `connections{listener="${listener}"}`),
        (count) => count === 0,
      );
    }
    expect(await refusal(gateway.url('MQTT'))).toBe(0x87);
  }, 60_000);

  it('tells a hundred at a time that there is no room, and closes on the rest', async () => {
    for (let i = 0; i < 4; i++) await occupy(gateway.url('MQTT'));
    await counted(gateway, 4);
    const silent = await Promise.all(Array.from({ length: 150 }, () => occupy(gateway.url('MQTT'))));
    let closed = 0;
    for (const socket of silent) socket.once('close', () => closed++);
    for (const socket of silent) if (socket.destroyed) closed++;
    for (const socket of silent) socket.resume();
    await until('the rest', () => closed >= 50);
    expect(closed).toBe(50);
    await until('those whose CONNECT does not come', () => closed === 150, Boolean, 30_000);
  }, 60_000);
});

it('the places of handshakes that take too long come back', async () => {
  const gateway = await installation.start('edge', {
    CARILLON_MAX_CONNECTIONS: '4',
    CARILLON_HANDSHAKE_TIMEOUT: '3',
  });
  for (let i = 0; i < 4; i++) {
    const socket = await occupy(gateway.url('MQTT TLS'));
    socket.write(Buffer.from('16030100c8010000c40303', 'hex'));
  }
  await counted(gateway, 4);
  await counted(gateway, 0);
  expect(await refusal(gateway.url('MQTT'))).toBe(0x87);
  expect(await metric(gateway, FAILED_HANDSHAKES)).toBe(4);
});

describe('from one address', () => {
  it('bounds how many there are at a time', async () => {
    const gateway = await installation.start('edge', { CARILLON_MAX_CONNECTIONS_PER_ADDRESS: '3' });
    for (const listener of ['MQTT', 'XMPP', 'MQTT TLS']) await occupy(gateway.url(listener), '127.0.0.2');
    await counted(gateway, 3);
    const from = (localAddress: string) => refusal(gateway.url('MQTT'), 5, localAddress);
    expect(await from('127.0.0.2')).toBe(0x97);
    expect(await from('127.0.0.3')).toBe(0x87);
  });

  it('bounds how fast they come, and a burst is let in', async () => {
    const gateway = await installation.start('edge', { CARILLON_CONNECT_RATE_PER_ADDRESS: '1' });
    const from = (localAddress: string, protocolVersion: 4 | 5) =>
      refusal(gateway.url('MQTT'), protocolVersion, localAddress);
    const meets = (code: number, protocolVersion: 4 | 5) =>
      until(
        `code ${code}`,
        () => from('127.0.0.2', protocolVersion),
        (seen) => seen === code,
      );
    for (let i = 0; i < 10; i++) expect(await from('127.0.0.2', 5)).toBe(0x87);
    await meets(0x9f, 5);
    await meets(3, 4);
    expect(await from('127.0.0.3', 5)).toBe(0x87);
    await meets(0x87, 5);
  });

  it('has no bound unless it is given one', async () => {
    const gateway = await installation.start('all-in-one', {
      CARILLON_DATA_DIR: `${installation.dataDir}/free`,
    });
    await Promise.all(Array.from({ length: 300 }, () => occupy(gateway.url('MQTT'))));
    const token = await new Rest(gateway.url('HTTP'), installation.adminKey).register('d-1');
    const device = new MqttDevice({ id: 'd-1', token }, { url: gateway.url('MQTT') });
    await device.connect();
    expect(device.client.connected).toBe(true);
    await device.disconnect();
  });
});

it('CARILLON_HANDSHAKE_TIMEOUT is how long a CONNECT may take', async () => {
  const gateway = await installation.start('edge', { CARILLON_HANDSHAKE_TIMEOUT: '1' });
  const { tookMs } = await sayAndWait(gateway.url('MQTT'), [Buffer.from([0x10, 0x20])]);
  expect(tookMs).toBeLessThan(4_000);
});
