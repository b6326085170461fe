/* oxlint-disable jest/expect-expect -- what a scripted client expects is an assertion too */
import { createFixture, eventually, type Fixture } from '../testing/fixture.js';
import { CLEAR, HEADER, ScriptedClient } from '../testing/scripted-client.js';
import { NS } from './namespaces.js';

describe('streams (RFC 6120 §4)', () => {
  let fixture: Fixture;

  beforeEach(() => (fixture = createFixture()));
  afterEach(() => fixture.server.stop('system-shutdown', 100));

  const attach = (): ScriptedClient => ScriptedClient.attachedTo(fixture.server);

  it('answers a header with a header and features', async () => {
    const client = attach();
    expect(await client.open()).toMatch(
      `<stream:features><mechanisms xmlns='${NS.sasl}'><mechanism>SCRAM-SHA-256</mechanism>` +
        '<mechanism>SCRAM-SHA-1</mechanism><mechanism>PLAIN</mechanism></mechanisms>',
    );
  });

  it('echoes the bare JID of the client, and gives each stream an id of its own', async () => {
    const client = attach();
    client.send(HEADER.replace("version='1.0'", "version='1.0' from='dev1@example.org/phone'"));
    await client.next();
    const header = await client.next();
    expect(header).toMatch(/ to='dev1@example\.org' /);
    expect(header).toMatch(/ id='[\w-]{16}' /);
  });

  it('accepts an XML declaration, white space between stanzas, and input byte by byte', async () => {
    const client = attach();
    const plain = Buffer.from("\0dev1\0dev1's token").toString('base64');
    const text = `<?xml version="1.0" encoding='UTF-8'?>\n${HEADER}\n \t<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${plain}</auth>\n`;
    for (const byte of Buffer.from(text)) client.send(Buffer.from([byte]));
    await client.next();
    await client.next();
    await client.expect(/^<stream:features>/);
    await client.expect(/^<success/);
  });

  it('ends its side when the client ends the stream', async () => {
    const client = await attach().logIn('dev1', 'phone');
    client.send('</stream:stream>');
    await client.expect('</stream:stream>');
    await client.expectEnd();
    expect(fixture.events).toEqual(['bound dev1/phone', 'closed dev1/phone: closed-by-client']);
  });

  it('takes a self-closed root for a stream that ends at once', async () => {
    const client = attach();
    client.send(HEADER.replace(/>$/, '/>'));
    await client.next();
    await client.next();
    await client.expect(/^<stream:features>/);
    await client.expect('</stream:stream>');
    await client.expectEnd();
  });

  it('understands prefixed stanzas where the header declares a prefix', async () => {
    const client = attach();
    const header = `<s:stream to='example.org' version='1.0' xmlns:c='${NS.client}' xmlns:s='${NS.streams}'>`;
    await client.open(header);
    const plain = Buffer.from("\0dev1\0dev1's token").toString('base64');
    client.send(`<sasl:auth xmlns:sasl='${NS.sasl}' mechanism='PLAIN'>${plain}</sasl:auth>`);
    await client.expect(/^<success/);
    await client.open(header);
    client.send(`<c:iq type='set' id='1'><b:bind xmlns:b='${NS.bind}'/></c:iq>`);
    await client.expect(/^<iq type='result' id='1'>/);
  });

  it('counts its connections', async () => {
    const clients = [attach(), attach()];
    expect(fixture.server.connectionCount).toBe(2);
    clients[0]!.cut();
    await eventually(() => expect(fixture.server.connectionCount).toBe(1));
  });

  it('refuses new connections beyond its bound with resource-constraint', async () => {
    fixture = createFixture({ limits: { connections: 1 } });
    attach();
    const late = attach();
    await late.next();
    await late.next();
    await late.expectStreamError('resource-constraint');
  });

  it('stops with an error on every stream, and refuses late comers the same way', async () => {
    const client = await attach().logIn('dev1', 'phone');
    const stopped = fixture.server.stop('system-shutdown', 1000);
    await client.expectStreamError('system-shutdown');
    await stopped;
    expect(fixture.events).toEqual(['bound dev1/phone', 'closed dev1/phone: system-shutdown']);
    const late = attach();
    await late.next();
    await late.next();
    await late.expectStreamError('system-shutdown');
  });

  it('cuts off whoever does not leave by the deadline', async () => {
    const client = await attach().logIn('dev1', 'phone');
    client.stream.pause();
    await fixture.server.stop('system-shutdown', 20);
    await eventually(() => expect(fixture.server.connectionCount).toBe(0));
  });

  const faults: [string, string, string][] = [
    ['another root', "<foo xmlns='jabber:client'>", 'bad-format'],
    ['another stream namespace', HEADER.replace(NS.streams, 'urn:x'), 'invalid-namespace'],
    ['another content namespace', HEADER.replace(NS.client, 'jabber:server'), 'invalid-namespace'],
    [
      'an unbound prefix',
      "<stream:stream to='example.org' version='1.0' xmlns='jabber:client'>",
      'not-well-formed',
    ],
    ['another host', HEADER.replace('example.org', 'example.com'), 'host-unknown'],
    ['no host', HEADER.replace("to='example.org'", ''), 'improper-addressing'],
    ['no version', HEADER.replace("version='1.0'", ''), 'unsupported-version'],
    ['version 2.0', HEADER.replace("version='1.0'", "version='2.0'"), 'unsupported-version'],
    ['another encoding', `<?xml version='1.0' encoding='ISO-8859-1'?>${HEADER}`, 'unsupported-encoding'],
    ['a processing instruction', `<?php echo 1 ?>${HEADER}`, 'restricted-xml'],
    ['a document type', `<!DOCTYPE foo [<!ENTITY a 'b'>]>${HEADER}`, 'restricted-xml'],
    ['HTTP', 'GET / HTTP/1.1\r\nHost: example.org\r\n\r\n', 'not-well-formed'],
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01', 'not-well-formed'],
    ['a stanza before a stream', '</stream:stream>', 'not-well-formed'],
    ['a header without end', `<stream:stream to='${'x'.repeat(20_000)}`, 'policy-violation'],
  ];
  it.each(faults)('answers %s with a header and the error', async (_name, input, condition) => {
    const client = attach();
    client.send(input);
    await client.expect("<?xml version='1.0'?>");
    await client.expect(/^<stream:stream /);
    await client.expectStreamError(condition);
  });

  it('refuses a clear connection where encryption is required and not to be had', async () => {
    const client = ScriptedClient.attachedTo(fixture.server, CLEAR);
    expect(await client.open()).toBe('<stream:features></stream:features>');
    await client.expectStreamError('policy-violation');
  });

  it('ends a handshake of too many steps', async () => {
    const client = attach();
    await client.open();
    client.send("<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>".repeat(51));
    for (let i = 0; i < 50; i++) await client.expect(/<not-allowed /);
    await client.expectStreamError('policy-violation');
  });

  it('ends a handshake that takes too long', async () => {
    fixture = createFixture({ limits: { handshakeTimeoutMs: 20, sweepIntervalMs: 5 } });
    fixture.server.start();
    const client = attach();
    await client.open();
    await client.expectStreamError('connection-timeout');
  });
});
