import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { XmppDevice } from '../support/devices.js';
import { type GatewayProcess, Installation } from '../support/gateway.js';
import { Rest } from '../support/rest.js';
import { secured } from '../support/tls-peer.js';
import { until } from '../support/until.js';
import { type Received, XmppWire } from '../support/xmpp-wire.js';

/** What nobody may do to the XMPP server, over real sockets; a device beside it gets its pushes all along. */
const installation = new Installation({
  CARILLON_HANDSHAKE_TIMEOUT: '1',
  CARILLON_XMPP_REGISTRATION: 'open',
  CARILLON_XMPP_REGISTRATIONS_PER_HOUR: '3',
});
const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
let gateway: GatewayProcess;
let rest: Rest;
let token: string;
let healthy: XmppDevice;

beforeAll(async () => {
  gateway = await installation.start('all-in-one');
  rest = new Rest(gateway.url('HTTP'), installation.adminKey);
  token = await rest.register('attacker');
  const credentials = { id: 'healthy', token: await rest.register('healthy') };
  healthy = new XmppDevice(credentials, { service: gateway.url('XMPP') });
  await healthy.connect();
});
afterAll(async () => {
  await healthy.disconnect();
  await installation.end();
});
afterEach(async () => {
  const sent = await rest.send({ audience: { device: 'healthy' } });
  await until('the device beside it gets a push', () => healthy.received.some(({ id }) => id === sent));
});

/** Encrypted, not logged in. */
async function stranger(options: { localAddress?: string } = {}): Promise<XmppWire> {
  const wire = await XmppWire.connectTls(gateway.url('XMPP TLS'), options);
  await wire.open('localhost');
  return wire;
}
async function loggedIn(): Promise<XmppWire> {
  const wire = await stranger();
  await wire.logIn('attacker', token, 'localhost');
  return wire;
}
const streamError = async (wire: XmppWire): Promise<string> => {
  const error = await wire.expect('a stream error', ({ name }) => name === 'error', 15_000);
  await wire.untilEnded();
  return error.children[0]!.name;
};
const PING = "<ping xmlns='urn:xmpp:ping'/>";

it.each([
  ['a document type', "<!DOCTYPE x [<!ENTITY a 'b'>]>", 'restricted-xml'],
  ['a comment', '<!-- x -->', 'restricted-xml'],
  ['a comment within a stanza', '<message><body>a<!-- x --></body></message>', 'restricted-xml'],
  ['a processing instruction', '<?php exit ?>', 'restricted-xml'],
  ['an entity beyond the five', '<message><body>&nbsp;</body></message>', 'restricted-xml'],
  ['a stanza of 65 levels', `${'<a>'.repeat(65)}${'</a>'.repeat(65)}`, 'policy-violation'],
  [
    'an element of 65 attributes',
    `<message ${Array.from({ length: 65 }, (_, i) => `a${i}=''`).join(' ')}/>`,
    'policy-violation',
  ],
  ['a stanza of more than 64 KiB', `<message><body>${'x'.repeat(65_536)}`, 'policy-violation'],
])('%s ends the stream of whoever sends it', async (_what, xml, condition) => {
  const wire = await loggedIn();
  wire.send(xml);
  expect(await streamError(wire)).toBe(condition);
});

it('before log-in elements may be 10,000 bytes long', async () => {
  const wire = await stranger();
  wire.send(`<auth xmlns='${SASL}' mechanism='PLAIN'>${'A'.repeat(10_000)}`);
  expect(await streamError(wire)).toBe('policy-violation');
});

it('the five entities are taken', async () => {
  const wire = await loggedIn();
  const answer = await wire.ask('get', 'five', `<x xmlns='urn:x' a='&lt;&gt;&quot;'>&amp;&apos;</x>`);
  expect(answer.attrs.type).toBe('error');
  await wire.close();
});

it('who sends more than a megabyte a second is read as fast as that', async () => {
  const wire = await loggedIn();
  const begun = Date.now();
  // Two megabytes are let through at once, the next three take a second each.
  for (let i = 0; i < 5; i++) wire.send(' '.repeat(1_048_576));
  wire.send(`<iq type='get' id='late' to='localhost'>${PING}</iq>`);
  await wire.expect('the answer', ({ attrs }) => attrs.id === 'late', 20_000);
  expect(Date.now() - begun).toBeGreaterThan(2_000);
  await wire.close();
});

it.each([
  ['says nothing', () => undefined],
  ['says a byte now and then', (send: (text: string) => void) => dribble(send)],
])('a client that %s before it has logged in is sent away', async (_what, behave) => {
  const { hostname: host, port } = new URL(gateway.url('XMPP'));
  const socket = connectTcp({ host, port: Number(port) });
  socket.on('error', () => undefined).resume();
  await once(socket, 'connect');
  const begun = Date.now();
  const end = behave((text) => socket.write(text));
  await once(socket, 'close');
  end?.();
  expect(Date.now() - begun).toBeGreaterThan(2_000);
});

function dribble(send: (text: string) => void): () => void {
  const header = "<stream:stream to='localhost' xmlns='jabber:client' xmlns:stream='http://etherx";
  let at = 0;
  const timer = setInterval(() => send(header[at++ % header.length]!), 200);
  return () => clearInterval(timer);
}

describe('log-ins', () => {
  const plain = (name: string, password: string): string =>
    `<auth xmlns='${SASL}' mechanism='PLAIN'>${Buffer.from(`\0${name}\0${password}`).toString('base64')}</auth>`;
  const outcome = ({ name }: Received): boolean => name === 'failure' || name === 'challenge';
  /** The answer to a refused attempt as text, and how long it took, ms. */
  const refusal = async (wire: XmppWire, name: string) => {
    const begun = Date.now();
    wire.send(plain(name, 'wrong'));
    const { name: element, children } = await wire.expect('an answer', outcome, 20_000);
    return { answer: [element, ...children.map((child) => child.name)], took: Date.now() - begun };
  };

  it('say nothing of who is known', async () => {
    const wire = await stranger();
    const [known, unknown] = [await refusal(wire, 'attacker'), await refusal(wire, 'nobody-at-all')];
    expect(unknown.answer).toEqual(known.answer);
    expect(known.answer).toEqual(['failure', 'not-authorized']);
    wire.cut();
  });

  it('by SCRAM say nothing of it either: a stranger has a salt, the same each time', async () => {
    const challenge = async (name: string, wire: XmppWire) => {
      const first = `n,,n=${name},r=${randomBytes(9).toString('base64url')}`;
      wire.send(
        `<auth xmlns='${SASL}' mechanism='SCRAM-SHA-256'>${Buffer.from(first).toString('base64')}</auth>`,
      );
      const { text } = await wire.expect('the challenge', ({ name: element }) => element === 'challenge');
      const [r = '', s = '', i] = Buffer.from(text, 'base64').toString().split(',');
      // A proof of nothing: refused like a wrong password.
      const final = `c=biws,${r},p=${createHash('sha256').update(name).digest('base64')}`;
      wire.send(`<response xmlns='${SASL}'>${Buffer.from(final).toString('base64')}</response>`);
      const { children } = await wire.expect(
        'the refusal',
        ({ name: element }) => element === 'failure',
        20_000,
      );
      return { salt: s, length: s.length, iterations: i, refusal: children[0]!.name };
    };
    const wire = await stranger();
    const known = await challenge('attacker', wire);
    const [first, second] = [await challenge('nobody', wire), await challenge('nobody', wire)];
    expect(first).toEqual(second);
    // Strangers pass for devices with a token or for such as chose a password, which have other numbers of iterations.
    expect({ ...first, salt: known.salt, iterations: known.iterations }).toEqual(known);
    expect(['i=4096', 'i=50000']).toContain(first.iterations);
    wire.cut();
  });

  it('may fail five times over a connection, and later ones from the address wait longer and longer', async () => {
    const from = { localAddress: '127.0.0.9' };
    const wire = await stranger(from);
    for (let attempt = 0; attempt < 5; attempt++)
      expect((await refusal(wire, 'attacker')).answer).toEqual(['failure', 'not-authorized']);
    expect(await streamError(wire)).toBe('policy-violation');
    const times: number[] = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      const next = await stranger(from);
      times.push((await refusal(next, 'attacker')).took);
      next.cut();
    }
    expect(times.at(-1)).toBeGreaterThan(500);
    // Who knows the password is let in meanwhile.
    await (await loggedIn()).close();
  });
});

it('an address may register three devices an hour', async () => {
  const outcomes: string[] = [];
  for (let n = 0; n < 4; n++) {
    const wire = await stranger();
    const fields = `<username>new-${n}</username><password>correct horse</password>`;
    const answer = await wire.ask('set', 'r', `<query xmlns='jabber:iq:register'>${fields}</query>`);
    const error = answer.children.find(({ name }) => name === 'error');
    outcomes.push(error?.children[0]?.name ?? answer.attrs.type!);
    await wire.close();
  }
  expect(outcomes).toEqual(['result', 'result', 'result', 'resource-constraint']);
});

describe('TLS before 1.2', () => {
  const OLD = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const;

  it('is not spoken on the TLS port, 1.2 is', async () => {
    await expect(secured(gateway.url('XMPP TLS'), OLD)).rejects.toThrow(/version|alert|unsupported/i);
    const socket = await secured(gateway.url('XMPP TLS'), { maxVersion: 'TLSv1.2' });
    expect(socket.getProtocol()).toBe('TLSv1.2');
    socket.destroy();
  });

  it('is not spoken behind STARTTLS, 1.2 is', async () => {
    const old = await XmppWire.connect(gateway.url('XMPP'));
    await old.open('localhost');
    await expect(old.startTls(OLD)).rejects.toThrow(/version|alert|unsupported/i);
    const { wire } = await XmppWire.secured(gateway.url('XMPP'), 'localhost', { maxVersion: 'TLSv1.2' });
    await wire.close();
  });
});
