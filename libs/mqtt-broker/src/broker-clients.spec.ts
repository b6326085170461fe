import { createServer, type AddressInfo, type Server } from 'node:net';
import mqtt, { type IClientOptions, type IClientPublishOptions, type MqttClient as RealClient } from 'mqtt';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { MqttBroker } from './broker.js';

/** The `mqtt` package, as devices use it, against a broker behind a TCP server. */
describe('real clients over TCP', () => {
  let broker: MqttBroker;
  let server: Server;
  let url: string;
  const clients: RealClient[] = [];

  beforeEach(async () => {
    broker = new MqttBroker({ hooks: { authenticate: () => ({ ok: true, principal: null }) } });
    void broker.start();
    server = createServer((socket) => {
      broker.attach(socket, { address: socket.remoteAddress ?? '', secure: false, transport: 'tcp' });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
    await broker.stop('shutting-down', 500);
    await new Promise((resolve) => server.close(resolve));
  });

  async function connect(options: IClientOptions): Promise<RealClient> {
    const client = await mqtt.connectAsync(url, { reconnectPeriod: 0, ...options });
    clients.push(client);
    return client;
  }

  function received(
    client: RealClient,
    count: number,
  ): Promise<{ topic: string; text: string; dup: boolean; qos: number }[]> {
    return new Promise((resolve) => {
      const messages: { topic: string; text: string; dup: boolean; qos: number }[] = [];
      client.on('message', (topic, payload, { dup, qos }) => {
        messages.push({ topic, text: payload.toString(), dup, qos });
        if (messages.length === count) resolve(messages);
      });
    });
  }

  const versions = [
    { name: '3.1', options: { protocolId: 'MQIsdp', protocolVersion: 3 } },
    { name: '3.1.1', options: { protocolVersion: 4 } },
    { name: '5.0', options: { protocolVersion: 5 } },
  ] as const;

  for (const { name, options } of versions) {
    it(`${name}: publishes and receives at QoS 0, 1 and 2`, async () => {
      const client = await connect({ ...options, clientId: 'both' });
      const arrived = received(client, 3);
      await client.subscribeAsync('room/+/light', { qos: 2 });
      for (const qos of [0, 1, 2] as IClientPublishOptions['qos'][]) {
        await client.publishAsync(`room/${qos}/light`, `at ${qos}`, { qos });
      }
      expect((await arrived).map(({ topic, text, qos }) => [topic, text, qos])).toEqual([
        ['room/0/light', 'at 0', 0],
        ['room/1/light', 'at 1', 1],
        ['room/2/light', 'at 2', 2],
      ]);
    });

    it(`${name}: keeps a persistent session and what it missed`, async () => {
      const persistent = {
        ...options,
        clientId: 'sleeper',
        clean: false,
        properties: { sessionExpiryInterval: 60 },
      };
      const first = await connect(persistent);
      await first.subscribeAsync('news', { qos: 1 });
      await first.endAsync();
      const publisher = await connect({ ...options, clientId: 'publisher' });
      await publisher.publishAsync('news', 'while away', { qos: 1 });
      const again = mqtt.connect(url, { reconnectPeriod: 0, ...persistent });
      clients.push(again);
      const arrived = received(again, 1);
      expect((await arrived)[0]).toMatchObject({ topic: 'news', text: 'while away' });
    });
  }

  it('hands a client id over to its new connection', async () => {
    const first = await connect({ protocolVersion: 5, clientId: 'one' });
    const told = new Promise<number | undefined>((resolve) => {
      first.on('disconnect', (packet) => resolve(packet.reasonCode));
    });
    await connect({ protocolVersion: 5, clientId: 'one' });
    expect(await told).toBe(0x8e);
  });
});

describe('real clients over WebSocket', () => {
  it('connect, subscribe and carry payloads larger than a frame', async () => {
    const broker = new MqttBroker({ hooks: { authenticate: () => ({ ok: true, principal: null }) } });
    await broker.start();
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'mqtt' });
    server.on('connection', (socket) => {
      broker.attach(createWebSocketStream(socket), { address: '', secure: false, transport: 'websocket' });
    });
    await new Promise((resolve) => server.on('listening', resolve));
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/mqtt`;
    const client = await mqtt.connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0 });
    const arrived = new Promise<Buffer>((resolve) => client.on('message', (_, payload) => resolve(payload)));
    await client.subscribeAsync('large', { qos: 1 });
    const payload = Buffer.alloc(300_000, 'large ');
    await client.publishAsync('large', payload, { qos: 1 });
    expect((await arrived).equals(payload)).toBe(true);
    await client.endAsync();
    await broker.stop('shutting-down', 500);
    expect(broker.connectionCount).toBe(0);
    await new Promise((resolve) => server.close(resolve));
  });
});
