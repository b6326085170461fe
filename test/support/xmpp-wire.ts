import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { SaxesParser } from 'saxes';

/** An element as it came, by its local name. */
export interface Received {
  readonly name: string;
  readonly ns: string;
  readonly attrs: Readonly<Record<string, string>>;
  readonly children: Received[];
  text: string;
}

const NAMESPACES = "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'";

/** The first descendant of that name, at whatever depth. */
export function descendant(element: Received, name: string): Received | undefined {
  for (const child of element.children) {
    const found = child.name === name ? child : descendant(child, name);
    if (found) return found;
  }
  return undefined;
}

/** One XMPP connection as bytes: what is said is written out, what comes is read as elements. */
export class XmppWire {
  /** The attributes of the last stream header. */
  header: Readonly<Record<string, string>> = {};
  /** Top-level elements since the last that was waited for. */
  readonly inbox: Received[] = [];
  onElement: ((element: Received) => void) | undefined;
  ended = false;
  private parser!: SaxesParser<{ xmlns: true }>;
  private path: Received[] = [];
  private wake: (() => void) | undefined;

  private constructor(private socket: Socket) {
    this.adopt(socket);
  }

  static async connect(url: string): Promise<XmppWire> {
    const { hostname, port } = new URL(url);
    const socket = connectTcp({ host: hostname, port: Number(port), noDelay: true });
    const wire = new XmppWire(socket);
    await once(socket, 'connect');
    return wire;
  }

  /** Direct TLS. */
  static async connectTls(
    url: string,
    options: ConnectionOptions & { localAddress?: string } = {},
  ): Promise<XmppWire> {
    const { hostname, port } = new URL(url);
    const socket = connectTls({ host: hostname, port: Number(port), rejectUnauthorized: false, ...options });
    const wire = new XmppWire(socket);
    await once(socket, 'secureConnect');
    return wire;
  }

  send(xml: string): void {
    this.socket.write(xml);
  }

  /** Opens a stream, without an XML declaration, and returns its features. */
  async open(to: string, limitMs = 15_000): Promise<Received> {
    this.newParser();
    this.send(`<stream:stream to='${to}' ${NAMESPACES}>`);
    return this.expect('features', ({ name }) => name === 'features', limitMs);
  }

  async startTls(options: ConnectionOptions = {}): Promise<void> {
    this.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    await this.expect('proceed', ({ name }) => name === 'proceed');
    this.socket.removeAllListeners('data');
    this.socket = connectTls({ socket: this.socket, rejectUnauthorized: false, ...options });
    this.adopt(this.socket);
    await once(this.socket, 'secureConnect');
  }

  /** STARTTLS and the stream after it. */
  static async secured(
    url: string,
    to: string,
    options: ConnectionOptions = {},
  ): Promise<{ wire: XmppWire; features: Received }> {
    const wire = await XmppWire.connect(url);
    await wire.open(to);
    await wire.startTls(options);
    return { wire, features: await wire.open(to) };
  }

  /** The next element that fits; others are left. */
  async expect(what: string, fits: (element: Received) => boolean, limitMs = 5_000): Promise<Received> {
    const deadline = Date.now() + limitMs;
    for (;;) {
      const at = this.inbox.findIndex(fits);
      if (at >= 0) return this.inbox.splice(at, 1)[0]!;
      if (this.ended) throw new Error(`${what} did not come before the stream ended`);
      if (Date.now() > deadline) throw new Error(`${what} did not come within ${limitMs} ms`);
      await this.arrival(deadline - Date.now());
    }
  }

  /** Asks by an IQ; the answer, whatever its type. */
  ask(type: 'get' | 'set', id: string, payload: string): Promise<Received> {
    this.send(`<iq type='${type}' id='${id}'>${payload}</iq>`);
    return this.expect(
      `the answer to ${payload}`,
      ({ name, attrs }) => name === 'iq' && attrs.id === id && attrs.type !== 'get' && attrs.type !== 'set',
    );
  }

  /** By SASL PLAIN, up to the bound resource. */
  async logIn(username: string, password: string, to: string): Promise<void> {
    const plain = Buffer.from(`\0${username}\0${password}`).toString('base64');
    this.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${plain}</auth>`);
    await this.expect('success', ({ name }) => name === 'success');
    await this.open(to);
    await this.ask('set', 'bind', "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>");
  }

  /** Ends the stream as it should be. */
  async close(): Promise<void> {
    if (this.ended) return;
    this.socket.end('</stream:stream>');
    await this.untilEnded();
  }

  /** The line is cut, without a word. */
  cut(): void {
    this.socket.destroy();
  }

  async untilEnded(): Promise<void> {
    while (!this.ended) await this.arrival(1_000);
  }

  private adopt(socket: Socket): void {
    socket.on('data', (bytes: Buffer) => this.parser.write(bytes.toString('utf8')));
    socket.on('error', () => this.onEnd());
    socket.on('close', () => this.onEnd());
  }

  private newParser(): void {
    this.path = [];
    this.parser = new SaxesParser({ xmlns: true });
    this.parser.on('opentag', ({ local, uri, attributes }) => {
      const attrs = Object.fromEntries(Object.values(attributes).map(({ name, value }) => [name, value]));
      this.path.push({ name: local, ns: uri, attrs, children: [], text: '' });
      if (this.path.length === 1) this.header = attrs;
    });
    this.parser.on('text', (text) => {
      const current = this.path.at(-1);
      if (current) current.text += text;
    });
    this.parser.on('closetag', () => this.onClose(this.path.pop()!));
    this.parser.on('error', (error) => {
      throw error;
    });
  }

  private onClose(element: Received): void {
    if (this.path.length > 1) this.path.at(-1)!.children.push(element);
    if (this.path.length !== 1) return;
    this.inbox.push(element);
    this.onElement?.(element);
    this.wake?.();
  }

  private onEnd(): void {
    this.ended = true;
    this.wake?.();
  }

  private arrival(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, limitMs));
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
