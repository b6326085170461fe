import { setTimeout as sleep } from 'node:timers/promises';
import { client as xmppClient, xml, type Client } from '@xmpp/client';
// @ts-expect-error: without types
import TlsSocket from '@xmpp/tls/lib/Socket.js';
// Accepts the self-signed certificate of a first start.
import '../../support/devices.js';
import {
  type DeviceSession,
  type DeviceWorld,
  type Leaving,
  Sightings,
  type TransportClient,
} from './device-session.js';

const JSON_CONTAINER = 'urn:xmpp:json:0';
const CONNECT_MS = 10_000;

/** The parts of @xmpp/client that its types leave out. */
interface Internals {
  options: { service: string };
  reconnect: { stop(): void; reconnect(): Promise<void> };
  streamManagement: { id: string };
  socket: { socket?: { destroy(): void } } | null;
  parser: object | null;
  _onData(data: unknown): void;
  sendMany(stanzas: unknown): Promise<void>;
}
type Authenticate = (credentials: { username: string; password: string }, mechanism: string) => Promise<void>;
const internals = (client: Client) => client as unknown as Internals;

/** A device that speaks XMPP by `@xmpp/client`, which resumes its stream or begins a new one. */
export class XmppTransportClient implements TransportClient {
  readonly transport = 'xmpp';
  private former: Client | undefined;
  private readonly sightings = new WeakMap<Client, Sightings>();
  /** Connections so far: what is kept back is not sent over another one. */
  private streams = 0;

  constructor(private readonly world: DeviceWorld) {}

  async connect(): Promise<DeviceSession> {
    this.streams++;
    const client = this.takeFormer() ?? this.newClient();
    const sightings = new Sightings(this.world, this.transport, async (event) => {
      const json = xml('json', { xmlns: JSON_CONTAINER }, JSON.stringify(event));
      await client.send(xml('message', { to: 'default@localhost', type: 'chat' }, json));
      return false;
    });
    this.sightings.set(client, sightings);
    const over = new Promise<void>((resolve) => client.once('disconnect', () => resolve()));
    try {
      await this.logIn(client);
    } catch (error) {
      await leave(client, 'cut');
      throw error;
    }
    return {
      over: over.then(() => void (this.former = client)),
      leave: async (how) => {
        await leave(client, how);
        if (how === 'politely') this.former = undefined;
      },
    };
  }

  /** The client of the connection before, if its stream is to be resumed. */
  private takeFormer(): Client | undefined {
    const { former } = this;
    this.former = undefined;
    if (!former || former.status !== 'disconnect' || !internals(former).streamManagement.id) return undefined;
    return this.world.dice.chance(0.6) ? former : undefined;
  }

  private newClient(): Client {
    const { id, token } = this.world.credentials;
    const service = this.world.edge('XMPP');
    const client = xmppClient({
      service,
      domain: 'localhost',
      resource: 'chaos',
      // SCRAM costs its client 0.1 s of CPU here: a thousand reconnections would be about little else.
      credentials: (authenticate: Authenticate) => authenticate({ username: id, password: token }, 'PLAIN'),
    } as Parameters<typeof xmppClient>[0]);
    client.timeout = CONNECT_MS;
    internals(client).reconnect.stop();
    client.on('error', () => undefined);
    client.on('stanza', (stanza) => {
      const json = stanza.is('message') && stanza.getChildText('json', JSON_CONTAINER);
      if (json) this.sightings.get(client)!.take(JSON.parse(json));
    });
    client.on('online', () => void client.send(xml('presence')).catch(() => undefined));
    toleratesCuts(internals(client));
    this.acknowledgeLate(client);
    return client;
  }

  /** Answers `<r/>` in order, some later than others. */
  private acknowledgeLate(client: Client): void {
    const send = client.send.bind(client);
    let before: Promise<void> = Promise.resolve();
    client.send = async (stanza, ...more) => {
      const late = stanza.name === 'a' ? this.world.lateness() : 0;
      if (stanza.name !== 'a') return send(stanza, ...more);
      const stream = this.streams;
      before = before
        .then(() => sleep(late))
        .then(() => (stream === this.streams ? send(stanza, ...more) : undefined))
        .catch(() => undefined);
      return before;
    };
  }

  private async logIn(client: Client): Promise<void> {
    internals(client).options.service = this.world.edge('XMPP');
    const abort = new AbortController();
    // `start()` leaves a promise behind that nobody listens to where the line is cut before the stream is open.
    const attempt = internals(client).reconnect.reconnect();
    const tooLong = sleep(CONNECT_MS, undefined, { signal: abort.signal });
    try {
      await Promise.race([
        attempt.then(() => online(client)),
        tooLong.then(() => {
          throw new Error('no log-in in time');
        }),
      ]);
    } finally {
      abort.abort();
      tooLong.catch(() => undefined);
      attempt.catch(() => undefined);
    }
  }
}

/** Of a line that is cut during STARTTLS it tells twice, and somebody listens once. */
const attach = Reflect.get(TlsSocket.prototype, '_attachSocket');
TlsSocket.prototype._attachSocket = function attachAndListen(socket: unknown) {
  this.on('error', () => undefined);
  attach.call(this, socket);
};

/** A line that is cut while something is read, or sent again after a resumption, makes the library throw where nobody catches. */
function toleratesCuts(client: Internals): void {
  const onData = client._onData.bind(client);
  const sendMany = client.sendMany.bind(client);
  client._onData = (data) => {
    if (client.parser) onData(data);
  };
  client.sendMany = (stanzas) => sendMany(stanzas).catch(() => undefined);
}

async function online(client: Client): Promise<void> {
  while (client.status !== 'online') {
    if (client.status === 'disconnect' || client.status === 'offline')
      throw new Error('the server ended the stream');
    await sleep(20);
  }
}

async function leave(client: Client, how: Leaving): Promise<void> {
  if (how === 'politely' && client.status === 'online') {
    await Promise.race([client.stop().catch(() => undefined), sleep(1_000)]);
  }
  internals(client).socket?.socket?.destroy();
}
