/* oxlint-disable jest/expect-expect -- what a scripted client expects is an assertion too */
import { createFixture, eventually, type Fixture } from './testing/fixture.js';
import { ScriptedClient } from './testing/scripted-client.js';

const PING = "<iq type='get' id='p' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>";
const deep = (levels: number): string => '<a>'.repeat(levels) + '</a>'.repeat(levels);

/** What a client that has logged in may send wrong, and what ends its stream then. */
const faults: [name: string, input: string | Buffer, condition: string][] = [
  // XML (RFC 6120 §11)
  ['a comment', '<!-- -->', 'restricted-xml'],
  ['a comment inside a stanza', '<message><!-- --></message>', 'restricted-xml'],
  ['a processing instruction', '<?php ?>', 'restricted-xml'],
  ['a second XML declaration', "<?xml version='1.0'?>", 'restricted-xml'],
  ['a document type', "<!DOCTYPE lolz [<!ENTITY lol 'lol'>]>", 'restricted-xml'],
  ['an entity declaration inside', "<message><!ENTITY a 'b'></message>", 'restricted-xml'],
  ['an entity beyond the five', '<message><body>&nbsp;</body></message>', 'restricted-xml'],
  ['mismatched tags', '<message><body></subject></message>', 'not-well-formed'],
  ['crossed tags', '<message><a><b></a></b></message>', 'not-well-formed'],
  ['an unquoted attribute', '<message to=x/>', 'not-well-formed'],
  ['an attribute twice', "<message to='a' to='b'/>", 'not-well-formed'],
  ['< in an attribute', "<message to='<'/>", 'not-well-formed'],
  ['a bare ampersand', '<message><body>a & b</body></message>', 'not-well-formed'],
  ['an unbound prefix', '<x:message/>', 'not-well-formed'],
  ['an unbound attribute prefix', "<message x:y='1'/>", 'not-well-formed'],
  ['a control character', '<message><body>\u0001</body></message>', 'not-well-formed'],
  ['a reference to one', '<message><body>&#x1;</body></message>', 'not-well-formed'],
  ['a reference to a surrogate', '<message><body>&#xd800;</body></message>', 'not-well-formed'],
  ['U+FFFE', '<message><body>\ufffe</body></message>', 'not-well-formed'],
  ['no name', '< message/>', 'not-well-formed'],
  ['a closed empty tag', '</>', 'not-well-formed'],
  ['another closing tag', '</foo:bar>', 'not-well-formed'],
  ['text between stanzas', 'hello', 'bad-format'],
  ['NUL', '\0', 'bad-format'],
  ['overlong UTF-8', Buffer.from('<message><body>\xc0\x80</body></message>', 'latin1'), 'not-well-formed'],
  [
    'UTF-8 of a surrogate',
    Buffer.from('<message><body>\xed\xa0\x80</body></message>', 'latin1'),
    'not-well-formed',
  ],
  ['Latin-1', Buffer.from('<message><body>\xe4</body></message>', 'latin1'), 'not-well-formed'],
  ['UTF-16', Buffer.from('<message/>', 'utf16le'), 'not-well-formed'],
  // bounds
  ['depth', `<message>${deep(5000)}</message>`, 'policy-violation'],
  ['length', `<message><body>${'x'.repeat(70_000)}</body></message>`, 'policy-violation'],
  ['length without end', `<message to='${'x'.repeat(70_000)}`, 'policy-violation'],
  [
    'attributes',
    `<message ${Array.from({ length: 65 }, (_, i) => `a${i}=''`).join(' ')}/>`,
    'policy-violation',
  ],
  // streams
  ['a stanza that does not exist', '<foo/>', 'unsupported-stanza-type'],
  ['an element of another namespace', "<message xmlns='jabber:server'/>", 'unsupported-stanza-type'],
  ['a stream within the stream', "<stream:stream xmlns='jabber:client'/>", 'unsupported-stanza-type'],
  [
    'log-in once more',
    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>",
    'unsupported-stanza-type',
  ],
  ['STARTTLS once more', "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", 'unsupported-stanza-type'],
];

describe('malformed input', () => {
  let fixture: Fixture;
  let bystander: ScriptedClient;

  beforeAll(async () => {
    fixture = createFixture();
    bystander = await ScriptedClient.attachedTo(fixture.server).logIn('dev2', 'phone');
  });
  afterAll(() => fixture.server.stop('system-shutdown', 100));

  it.each(faults)('%s ends its own stream alone', async (_name, input, condition) => {
    const client = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'phone');
    client.send(PING);
    client.send(input);
    client.send(PING);
    await client.expect(/^<iq type='result' id='p'/);
    await client.expectStreamError(condition);
    await eventually(() => expect(fixture.events.at(-1)).toBe(`closed dev1/phone: ${condition}`));
    bystander.send(PING);
    await bystander.expect(/^<iq type='result' id='p'/);
    expect([fixture.server.connectionCount, fixture.errors]).toEqual([1, []]);
  });

  it('is found at the same place however it is cut', async () => {
    const client = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'phone');
    for (const byte of Buffer.from(`${PING}<message><!-`)) client.send(Buffer.from([byte]));
    await client.expect(/^<iq type='result' id='p'/);
    await client.expectStreamError('restricted-xml');
  });

  it('does not reach the gateway, while legal oddities do no harm', async () => {
    const client = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'phone');
    client.send(
      "\n \t\r<iq\n type=\"get\"\tid='&#112;&#x3C;&quot;'  ><ping xmlns = 'urn:xmpp:ping' ></ping \n></iq >\n",
    );
    await client.expect("<iq type='result' id='p&lt;&quot;' to='dev1@example.org/phone'/>");
    client.send(`<iq type='get' id='1'>${deep(62)}</iq>`);
    await client.expect(/<service-unavailable /);
    client.send("<iq type='get' id='1'><__proto__ xmlns='constructor' __proto__='toString'/></iq>");
    await client.expect(/<service-unavailable /);
  });
});
