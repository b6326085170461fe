import { once } from 'node:events';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { createSecureContext, createServer as createTlsServer } from 'node:tls';
import { generate } from 'selfsigned';
import { WebSocketServer } from 'ws';
import { credentialsOf, type AcknowledgedVia } from './testing/accounts.js';
import {
  client,
  prepareClientRuntime,
  xml,
  type ClientElement,
  type XmppClient,
} from './testing/xmpp-client.js';
import { InMemoryFastTokens } from './testing/in-memory-fast-tokens.js';
import { pushMessage, XmppServer, type XmppServerHooks, type XmppSession } from './index.js';

const DOMAIN = 'localhost';
const PASSWORD = 'a device token';

interface Fixture {
  server: XmppServer;
  port: number;
  tlsPort: number;
  wsPort: number;
  acknowledged: [unknown, AcknowledgedVia][];
  sessions: XmppSession[];
  events: string[];
  tokens: InMemoryFastTokens;
  /** How clients logged in. */
  logIns: string[];
  stop(): Promise<void>;
}

describe('XmppServer with @xmpp/client', () => {
  let fixture: Fixture;
  let clients: XmppClient[] = [];

  let certificate: { key: string; cert: string };
  let restoreRuntime: () => void;

  beforeAll(async () => {
    const { private: key, cert } = await generate([{ name: 'commonName', value: DOMAIN }]);
    certificate = { key, cert };
    restoreRuntime = prepareClientRuntime(cert);
  });
  afterAll(() => restoreRuntime());

  beforeEach(async () => {
    fixture = await startServer(certificate);
  });
  afterEach(async () => {
    await Promise.all(clients.map((each) => each.stop().catch(() => undefined)));
    clients = [];
    await fixture.stop();
  });

  const connect = async (service: string, resource = 'phone'): Promise<XmppClient> => {
    const device = client({ service, domain: DOMAIN, username: 'dev1', password: PASSWORD, resource });
    device.reconnect.stop();
    device.on('error', () => undefined);
    clients.push(device);
    await device.start();
    return device;
  };

  const services = (): Record<string, string> => ({
    STARTTLS: `xmpp://127.0.0.1:${fixture.port}`,
    'direct TLS': `xmpps://127.0.0.1:${fixture.tlsPort}`,
    WebSocket: `ws://127.0.0.1:${fixture.wsPort}/xmpp-websocket`,
  });

  it.each(['STARTTLS', 'direct TLS', 'WebSocket'])(
    'logs in, takes a push and acknowledges it over %s',
    async (name) => {
      const device = await connect(services()[name]!);
      const received = nextMessage(device);
      await device.send(xml('presence'));
      await until(() => fixture.sessions.length === 1);
      const [session] = fixture.sessions;
      const to = 'dev1@localhost';
      const stanza = pushMessage({
        from: 'app@localhost',
        to,
        id: 'n1',
        title: 'Hi',
        body: '5 < 6 & so on',
        envelope: '{"id":"n1"}',
      });
      expect(session!.deliver({ id: 'n1', stanza, cookie: 'cookie-1' })).toBe('written');
      const message = await received;
      expect(message.getChildText('body')).toBe('Hi\n5 < 6 & so on');
      expect(JSON.parse(message.getChildText('json')!)).toEqual({ id: 'n1' });
      await until(() => fixture.acknowledged.length === 1);
      expect(fixture.acknowledged).toEqual([['cookie-1', 'sm']]);
      expect(session!.pendingCookies).toEqual([]);
    },
  );

  it('resumes after a cut line, and is given again only what it did not acknowledge', async () => {
    const device = await connect(services()['STARTTLS']!);
    const messages: string[] = [];
    device.on(
      'stanza',
      (stanza: ClientElement) => stanza.is('message') && messages.push(stanza.attrs['id']!),
    );
    await device.send(xml('presence'));
    await until(() => fixture.sessions.length === 1);
    const [session] = fixture.sessions;
    const push = (id: string): string =>
      session!.deliver({ id, cookie: id, stanza: `<message id='${id}'><body>${id}</body></message>` });
    push('n1');
    await until(() => fixture.acknowledged.length === 1);
    const resumed = new Promise((resolve) => device.streamManagement.once('resumed', resolve));
    device.reconnect.delay = 200;
    device.reconnect.start();
    device.socket!.socket.destroy!();
    push('n2'); // written to a line that is dead already
    await until(() => session!.detached);
    expect(push('n3')).toBe('closed');
    await resumed;
    await until(() => fixture.acknowledged.length === 2);
    expect(messages).toEqual(['n1', 'n2']);
    expect(push('n3')).toBe('written');
    await until(() => fixture.acknowledged.length === 3);
    expect(fixture.acknowledged.map(([cookie, via]) => `${String(cookie)} ${via}`)).toEqual([
      'n1 sm',
      'n2 sm',
      'n3 sm',
    ]);
    expect(fixture.events).toEqual(['bound']);
  });

  it('comes back by a token, and by its password when the token is refused', async () => {
    const device = await connect(services()['direct TLS']!);
    const [first] = [...fixture.tokens.kept.values()].flat();
    expect(first).toBeDefined();
    fixture.logIns.length = 0;
    const back = async (): Promise<void> => {
      const online = new Promise((resolve) => device.once('online', resolve));
      device.reconnect.delay = 50;
      device.reconnect.start();
      device.streamManagement.id = ''; // as a client that was started anew
      device.socket!.socket.destroy!();
      await online;
      device.reconnect.stop();
    };
    await back();
    expect(fixture.logIns).toEqual(['token']);
    fixture.tokens.kept.clear();
    await back();
    expect(fixture.logIns).toEqual(['token', 'scram']);
  });

  it('refuses a wrong password', async () => {
    const device = client({
      service: services()['STARTTLS']!,
      domain: DOMAIN,
      username: 'dev1',
      password: 'no',
    });
    device.reconnect.stop();
    device.on('error', () => undefined);
    clients.push(device);
    await expect(device.start()).rejects.toMatchObject({ condition: 'not-authorized' });
  });

  it('tells that a session closed, once', async () => {
    const device = await connect(services()['STARTTLS']!);
    await device.stop();
    await until(() => fixture.events.includes('closed closed-by-client'));
    expect(fixture.events).toEqual(['bound', 'closed closed-by-client']);
  });
});

async function startServer({ key, cert }: { key: string; cert: string }): Promise<Fixture> {
  const acknowledged: Fixture['acknowledged'] = [];
  const sessions: XmppSession[] = [];
  const events: string[] = [];
  const logIns: string[] = [];
  const tokens = new InMemoryFastTokens();
  const used = tokens.used.bind(tokens);
  tokens.used = (...args) => {
    logIns.push('token');
    return used(...args);
  };
  const credentials = credentialsOf({ dev1: PASSWORD });
  const hooks: XmppServerHooks = {
    ...credentials,
    scramCredentials: (...asked) => {
      logIns.push('scram');
      return credentials.scramCredentials!(...asked);
    },
    fast: tokens,
    onBound: () => events.push('bound'),
    onAvailable: (session) => sessions.push(session),
    onClosed: (_session, cause) => events.push(`closed ${cause}`),
    onDeliveryAcknowledged: (_session, cookie, via) => acknowledged.push([cookie, via]),
  };
  const secureContext = createSecureContext({ key, cert });
  const server = new XmppServer({ domain: DOMAIN, tls: 'required', secureContext, hooks });
  server.start();
  const peer = (secure: boolean) => ({ address: '127.0.0.1', secure, transport: 'tcp' as const });
  const tcp = createTcpServer((socket) => server.attach(socket, peer(false)));
  const tls = createTlsServer({ key, cert }, (socket) =>
    server.attach(socket, { ...peer(true), transport: 'tls' }),
  );
  const ws = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  ws.on('connection', (socket) => server.attachWebSocket(socket, { ...peer(true), transport: 'websocket' }));
  const [port, tlsPort] = [await listen(tcp), await listen(tls)];
  const stop = async (): Promise<void> => {
    await server.stop('system-shutdown', 500);
    tcp.close();
    tls.close();
    ws.close();
  };
  return {
    server,
    port,
    tlsPort,
    wsPort: (ws.address() as AddressInfo).port,
    acknowledged,
    sessions,
    events,
    tokens,
    logIns,
    stop,
  };
}

function nextMessage(device: XmppClient): Promise<ClientElement> {
  return new Promise((resolve) => {
    device.on('stanza', (stanza: ClientElement) => stanza.is('message') && resolve(stanza));
  });
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
