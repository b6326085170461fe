import { client as xmppClient, type Options, xml, type Client as XmppClient } from '@xmpp/client';
import { randomUUID } from 'node:crypto';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import './trusting-tls.js';
import { until } from './until.js';

export interface Envelope {
  readonly id: string;
  readonly seq: number;
  readonly kind: string;
  readonly title?: string;
  readonly body?: string;
  readonly data?: Record<string, unknown>;
  readonly replaces?: string;
  readonly recalls?: string;
}

export interface Credentials {
  readonly id: string;
  readonly token: string;
}

/** A device as a person's phone would be one: real sockets, an unmodified client library. */
export abstract class TestDevice {
  readonly received: (Envelope & { readonly at: number })[] = [];

  constructor(readonly credentials: Credentials) {}

  abstract connect(): Promise<void>;
  abstract disconnect(): Promise<void>;

  /** The ids received so far. */
  get ids(): string[] {
    return this.received.map(({ id }) => id);
  }

  /** Waits for so many deliveries, and a little longer for one too many. */
  async expect(count: number, limitMs = 10_000): Promise<string[]> {
    await until(
      `${this.credentials.id} receives ${count}`,
      () => this.received.length,
      (n) => n >= count,
      limitMs,
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    return this.ids;
  }

  protected take(json: string): void {
    this.received.push({ ...(JSON.parse(json) as Envelope), at: Date.now() });
  }
}

export interface MqttOptions extends IClientOptions {
  readonly url: string;
  readonly qos?: 0 | 1 | 2;
  /** Receive, but never acknowledge. */
  readonly mute?: boolean;
}

export class MqttDevice extends TestDevice {
  client!: MqttClient;

  constructor(
    credentials: Credentials,
    private readonly options: MqttOptions,
  ) {
    super(credentials);
  }

  async connect(subscribes = true): Promise<void> {
    const { id, token } = this.credentials;
    const { url, qos = 1, mute, ...options } = this.options;
    this.client = mqtt.connect(url, {
      clientId: id,
      username: id,
      password: token,
      reconnectPeriod: 0,
      connectTimeout: 5_000,
      ...(mute && { customHandleAcks: (_topic, _message, _packet, done) => void done }),
      ...options,
    });
    this.client.on('message', (_topic, payload) => this.take(payload.toString()));
    if (mute) this.client.handleMessage = (_packet, _done) => undefined;
    this.client.on('error', () => undefined);
    await once(this.client);
    if (subscribes) await this.client.subscribeAsync(`devices/${id}/inbox`, { qos });
  }

  async report(event: object): Promise<void> {
    await this.client.publishAsync(`devices/${this.credentials.id}/events`, JSON.stringify(event), {
      qos: 1,
    });
  }

  async disconnect(): Promise<void> {
    await this.client.endAsync(true);
  }

  /** Cuts the line without a word. */
  cut(): void {
    this.client.stream.destroy();
  }
}

function once(client: MqttClient): Promise<void> {
  return new Promise((resolve, reject) => {
    client.once('connect', () => resolve());
    client.once('error', reject);
    client.once('close', () => reject(new Error('the broker closed the connection')));
  });
}

export interface XmppOptions {
  /** `xmpp://host:port`, `xmpps://…` or `ws://…/xmpp-websocket`. */
  readonly service: string;
  readonly domain?: string;
  readonly resource?: string;
  /** Of SASL; what the client chooses unless given. */
  readonly mechanism?: string;
}

const JSON_CONTAINER = 'urn:xmpp:json:0';

export class XmppDevice extends TestDevice {
  client!: XmppClient;

  constructor(
    credentials: Credentials,
    private readonly options: XmppOptions,
  ) {
    super(credentials);
  }

  async connect(available = true): Promise<void> {
    const { id, token } = this.credentials;
    const { service, domain = 'localhost', resource = 'test' } = this.options;
    const { mechanism } = this.options;
    const credentials: Options['credentials'] =
      mechanism === undefined
        ? undefined
        : (authenticate) =>
            authenticate(
              { username: id, password: token },
              mechanism,
              xml('user-agent', { id: randomUUID() }),
            );
    this.client = xmppClient({ service, domain, resource, username: id, password: token, credentials });
    // Its default of 2 s is short for a machine that runs many suites at once.
    this.client.timeout = 25_000;
    this.client.reconnect.stop();
    this.client.on('error', () => undefined);
    this.client.on('stanza', (stanza) => {
      const json = stanza.is('message') && stanza.getChildText('json', JSON_CONTAINER);
      if (json) this.take(json);
    });
    // Over TLS the client may miss the server's stream header, which it looks for only when its own is known to be written; it logs in all
    // the same, but `start` waits in vain.
    const online = new Promise((resolve) => this.client.once('online', resolve));
    const started = this.client.start();
    started.catch(() => undefined);
    await Promise.race([online, started]);
    if (available) await this.client.send(xml('presence'));
  }

  async report(event: object, app = 'default', domain = 'localhost'): Promise<void> {
    const json = xml('json', { xmlns: JSON_CONTAINER }, JSON.stringify(event));
    await this.client.send(xml('message', { to: `${app}@${domain}`, type: 'chat' }, json));
  }

  async disconnect(): Promise<void> {
    await this.client.stop();
  }
}

/** Polls in a loop and acknowledges what it got. */
export class PollDevice extends TestDevice {
  cursor = '0';
  private unacknowledged: string[] = [];
  private stopped = true;
  private abort = new AbortController();
  private loop: Promise<void> = Promise.resolve();

  constructor(
    credentials: Credentials,
    private readonly baseUrl: string,
    private readonly acknowledges = true,
  ) {
    super(credentials);
  }

  get headers(): Record<string, string> {
    const { id, token } = this.credentials;
    return {
      authorization: `Basic ${Buffer.from(`${id}:${token}`).toString('base64')}`,
      'content-type': 'application/json',
    };
  }

  connect(): Promise<void> {
    this.stopped = false;
    this.abort = new AbortController();
    this.loop = this.run();
    return Promise.resolve();
  }

  async disconnect(): Promise<void> {
    this.stopped = true;
    this.abort.abort();
    await this.loop;
  }

  async poll(wait = 0, after = this.cursor): Promise<Response> {
    return fetch(`${this.baseUrl}/v1/inbox?after=${after}&wait=${wait}`, {
      headers: this.headers,
      signal: this.abort.signal,
    });
  }

  async acknowledge(body: object): Promise<number> {
    const answer = await fetch(`${this.baseUrl}/v1/inbox/ack`, {
      method: 'POST',
      headers: this.headers,
      body: JSON.stringify(body),
    });
    return answer.status;
  }

  async report(event: object): Promise<void> {
    const answer = await fetch(`${this.baseUrl}/v1/inbox/events`, {
      method: 'POST',
      headers: this.headers,
      body: JSON.stringify(event),
    });
    if (answer.status !== 204)
      throw new Error(`the report answered ${answer.status}: ${await answer.text()}`);
  }

  /** Again until it is answered with 204: what the device has seen does not come again above its cursor. */
  private async acknowledgeTaken(): Promise<void> {
    if (this.unacknowledged.length === 0) return;
    const status = await this.acknowledge({ ids: this.unacknowledged });
    if (status !== 204) throw new Error(`the acknowledgement answered ${status}`);
    this.unacknowledged = [];
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      try {
        await this.acknowledgeTaken();
        const answer = await this.poll(25);
        if (!answer.ok) throw new Error(`the poll answered ${answer.status}`);
        const page = (await answer.json()) as { notifications: Envelope[]; cursor: string };
        this.cursor = page.cursor;
        for (const envelope of page.notifications) this.take(JSON.stringify(envelope));
        if (this.acknowledges) this.unacknowledged.push(...page.notifications.map(({ id }) => id));
        await this.acknowledgeTaken();
      } catch {
        if (!this.stopped) await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }
}
