/* oxlint-disable jest/expect-expect -- what a scripted client expects is an assertion too */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { createFixture, eventually, type Fixture } from '../testing/fixture.js';
import { NS } from './namespaces.js';
import type { FramedSocket } from './websocket-wire.js';

const OPEN = `<open xmlns='${NS.framing}' to='example.org' version='1.0'/>`;
const CLOSE = `<close xmlns='${NS.framing}'/>`;

class FakeSocket extends EventEmitter implements FramedSocket {
  readonly sent: string[] = [];
  bufferedAmount = 0;
  closed = false;
  paused = false;

  send(text: string, done: () => void): void {
    this.sent.push(text);
    done();
  }
  close(): void {
    this.closed = true;
    this.emit('close');
  }
  terminate(): void {
    this.close();
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  receive(text: string | Buffer): void {
    this.emit('message', Buffer.from(text), false);
  }

  /** The next message that was sent. */
  async next(): Promise<string> {
    await eventually(() => assert(this.sent.length > 0));
    return this.sent.shift()!;
  }
}

describe('XMPP over WebSocket (RFC 7395)', () => {
  let fixture: Fixture;
  let socket: FakeSocket;

  const attach = (secure = true, options: Parameters<typeof createFixture>[0] = {}): void => {
    fixture = createFixture(options);
    socket = new FakeSocket();
    fixture.server.attachWebSocket(socket, { address: '192.0.2.1', secure, transport: 'websocket' });
  };
  afterEach(() => fixture.server.stop('system-shutdown', 100));

  const logIn = async (): Promise<void> => {
    attach();
    socket.receive(OPEN);
    await socket.next();
    await socket.next();
    const plain = Buffer.from("\0dev1\0dev1's token").toString('base64');
    socket.receive(`<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${plain}</auth>`);
    expect(await socket.next()).toBe(`<success xmlns='${NS.sasl}'/>`);
    socket.receive(OPEN);
    await socket.next();
    await socket.next();
    socket.receive(
      `<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='${NS.bind}'><resource>web</resource></bind></iq>`,
    );
    expect(await socket.next()).toMatch(/^<iq xmlns='jabber:client' type='result' id='b'>/);
  };

  it('opens with <open/> and features as messages of their own', async () => {
    attach();
    socket.receive(OPEN);
    expect(await socket.next()).toMatch(
      /^<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='example\.org' id='[\w-]+' version='1\.0' xml:lang='en'\/>$/,
    );
    expect(await socket.next()).toMatch(
      /^<stream:features xmlns:stream='http:\/\/etherx\.jabber\.org\/streams'><mechanisms /,
    );
  });

  it('carries stanzas with their namespace, pushes and fences too', async () => {
    await logIn();
    fixture.server
      .session('dev1@example.org/web')!
      .deliver({ id: 'n1', cookie: 'c1', stanza: "<message id='n1'><body>x</body></message>" });
    expect(await socket.next()).toBe("<message xmlns='jabber:client' id='n1'><body>x</body></message>");
    expect(await socket.next()).toMatch(/^<iq xmlns='jabber:client' type='get' id='fence-1'/);
    socket.receive("<iq xmlns='jabber:client' type='result' id='fence-1'/>");
    await eventually(() => expect(fixture.acknowledged).toEqual([['c1', 'ping']]));
  });

  it('closes with <close/>', async () => {
    await logIn();
    socket.receive(CLOSE);
    expect(await socket.next()).toBe(CLOSE);
    expect(socket.closed).toBe(true);
    expect(fixture.events.at(-1)).toBe('closed dev1/web: closed-by-client');
  });

  it('takes pieces of a message, array buffers, and white space', async () => {
    attach();
    socket.emit('message', [Buffer.from(OPEN.slice(0, 10)), Buffer.from(OPEN.slice(10))], false);
    expect(await socket.next()).toMatch(/^<open /);
    await socket.next();
    socket.receive(' ');
    socket.emit(
      'message',
      new TextEncoder().encode(`<auth xmlns='${NS.sasl}' mechanism='X'/>\n`).buffer,
      true,
    );
    expect(await socket.next()).toMatch(/invalid-mechanism/);
  });

  const faults: [string, string | Buffer, string][] = [
    ['two elements in a message', OPEN + OPEN, 'not-well-formed'],
    ['half an element', '<open', 'not-well-formed'],
    ['text', 'hello', 'not-well-formed'],
    [
      'a stream header as over TCP',
      "<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>",
      'not-well-formed',
    ],
    ['an XML declaration', `<?xml version='1.0'?>${OPEN}`, 'restricted-xml'],
    [
      'bytes that are no UTF-8',
      Buffer.concat([Buffer.from("<open a='"), Buffer.from([0xff]), Buffer.from("'/>")]),
      'not-well-formed',
    ],
    ['a stanza before <open/>', "<message xmlns='jabber:client'/>", 'not-well-formed'],
    ['another element of framing', `<reopen xmlns='${NS.framing}'/>`, 'bad-format'],
    ['another host', OPEN.replace('example.org', 'example.com'), 'host-unknown'],
    ['too long a message', `<open a='${'x'.repeat(20_000)}'/>`, 'policy-violation'],
  ];
  it.each(faults)('answers %s with the error', async (_name, input, condition) => {
    attach();
    socket.receive(input);
    expect(await socket.next()).toMatch(/^<open /);
    expect(await socket.next()).toMatch(new RegExp(`^<stream:error xmlns:stream='[^']*'><${condition} `));
    expect(await socket.next()).toBe(CLOSE);
    expect(socket.closed).toBe(true);
  });

  it('refuses stanzas that do not name their namespace', async () => {
    await logIn();
    socket.receive('<message/>');
    expect(await socket.next()).toMatch(/<unsupported-stanza-type /);
  });

  it('refuses a second <open/> within a stream', async () => {
    await logIn();
    socket.receive(OPEN);
    expect(await socket.next()).toMatch(/<bad-format /);
  });

  it('refuses clear connections where encryption is required', async () => {
    attach(false);
    socket.receive(OPEN);
    await socket.next();
    await socket.next();
    expect(await socket.next()).toMatch(/<policy-violation /);
  });

  it('reads no more while an answer is being worked out, and keeps the order of what came already', async () => {
    attach(true, { hooks: { authenticate: async () => ({ ok: false, reason: 'not-authorized' }) } });
    socket.receive(OPEN);
    await socket.next();
    await socket.next();
    socket.receive(`<auth xmlns='${NS.sasl}' mechanism='PLAIN'>AGEAYg==</auth>`);
    expect(socket.paused).toBe(true);
    socket.receive(`<auth xmlns='${NS.sasl}' mechanism='X'/>`);
    expect(await socket.next()).toMatch(/not-authorized/);
    expect(await socket.next()).toMatch(/invalid-mechanism/);
    expect(socket.paused).toBe(false);
  });

  it('takes a flood of blank messages while it is busy', async () => {
    attach(true, { hooks: { authenticate: async () => ({ ok: false, reason: 'not-authorized' }) } });
    socket.receive(OPEN);
    await socket.next();
    await socket.next();
    socket.receive(`<auth xmlns='${NS.sasl}' mechanism='PLAIN'>AGEAYg==</auth>`);
    for (let i = 0; i < 20_000; i++) socket.receive(i % 2 ? ' ' : '');
    socket.receive(`<auth xmlns='${NS.sasl}' mechanism='X'/>`);
    expect(await socket.next()).toMatch(/not-authorized/);
    expect(await socket.next()).toMatch(/invalid-mechanism/);
    expect(fixture.errors).toEqual([]);
  });

  it('does not pile up messages without bound while it is busy', async () => {
    attach(true, { hooks: { authenticate: () => new Promise(() => {}) } });
    socket.receive(OPEN);
    await socket.next();
    await socket.next();
    socket.receive(`<auth xmlns='${NS.sasl}' mechanism='PLAIN'>AGEAYg==</auth>`);
    for (let i = 0; i < 20 && !socket.closed; i++) socket.receive('x'.repeat(100_000));
    expect(await socket.next()).toMatch(/<policy-violation /);
  });
});
