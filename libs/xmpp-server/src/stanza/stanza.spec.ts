import { StreamFault } from '../stream/stream-error.js';
import { Element } from './element.js';
import { escapeText, escapeXml } from './escape.js';
import { preparePush, pushMessage } from './push-message.js';
import { errorReply } from './stanza-error.js';
import { StanzaParser } from './stanza-parser.js';

const parser = new StanzaParser({ '': 'jabber:client', stream: 'http://etherx.jabber.org/streams' }, 4);

describe('escapeXml', () => {
  const table: [string, string][] = [
    ['plain text\n\tand more', 'plain text\n\tand more'],
    [`<a b='c' d="e">&</a>`, '&lt;a b=&apos;c&apos; d=&quot;e&quot;&gt;&amp;&lt;/a&gt;'],
    ['a\u0001b\u0000', 'a\ufffdb\ufffd'],
    ['a\ud800b', 'a\ufffdb'],
    ['\ufffe\uffff', '\ufffd\ufffd'],
    ['😀 é 漢', '😀 é 漢'],
    ['a\rb', 'a&#13;b'],
    [']]>', ']]&gt;'],
  ];
  it.each(table)('%j', (text, expected) => {
    expect(escapeXml(text)).toBe(expected);
    expect(parser.parse(`<a>${escapeText(text)}</a>`).text).toBe(parser.parse(`<a>${expected}</a>`).text);
    const parsed = parser.parse(`<a x='${expected}'>${expected}</a>`);
    expect(escapeXml(parsed.text)).toBe(expected);
  });
});

describe('StanzaParser', () => {
  it('reads names, namespaces, attributes and text', () => {
    const element = parser.parse(
      "<message to='a' xml:lang='de'><x:y xmlns:x='urn:x' x:z='1'>t&lt;<![CDATA[<>]]></x:y></message>",
    );
    expect([element.name, element.ns, element.attrs]).toEqual(['message', 'jabber:client', { to: 'a' }]);
    expect(element.qualified).toEqual([
      { prefix: 'xml', local: 'lang', ns: 'http://www.w3.org/XML/1998/namespace', value: 'de' },
    ]);
    expect(element.child('y', 'urn:x')!.text).toBe('t<<>');
    expect(element.child('y')).toBeUndefined();
  });

  const faults: [string, string, string][] = [
    ['mismatched tags', '<a></b>', 'not-well-formed'],
    ['an unbound prefix', '<x:a/>', 'not-well-formed'],
    ['a duplicate attribute', "<a b='1' b='2'/>", 'not-well-formed'],
    [
      'a duplicate attribute by namespace',
      "<a xmlns:x='urn:x' xmlns:y='urn:x' x:b='1' y:b='2'/>",
      'not-well-formed',
    ],
    ['an unquoted attribute', '<a b=1/>', 'not-well-formed'],
    ['an attribute without value', '<a b/>', 'not-well-formed'],
    ['< in an attribute', "<a b='<'/>", 'not-well-formed'],
    ['a control character', '<a>\u0001</a>', 'not-well-formed'],
    ['a reference to one', '<a>&#1;</a>', 'not-well-formed'],
    ['an unknown entity', '<a>&nbsp;</a>', 'restricted-xml'],
    ['a bare ampersand', '<a>a & b</a>', 'not-well-formed'],
    ['a number for a name', '<1/>', 'not-well-formed'],
    ['a rebound xml prefix', "<a xmlns:xml='urn:x'/>", 'not-well-formed'],
    ['an undeclared prefix by emptiness', "<a xmlns:x=''/>", 'not-well-formed'],
    ['nothing', '', 'not-well-formed'],
    ['two elements', '<a/><b/>', 'not-well-formed'],
    ['too many attributes', "<a b='' c='' d='' e='' f=''/>", 'policy-violation'],
  ];
  it.each(faults)('refuses %s, and works on', (_name, text, condition) => {
    let fault: unknown;
    try {
      parser.parse(text);
    } catch (error) {
      fault = error;
    }
    expect(fault).toBeInstanceOf(StreamFault);
    expect((fault as StreamFault).condition).toBe(condition);
    expect(parser.parse('<ok/>').name).toBe('ok');
  });

  it.each([
    "<a xmlns='urn:xmpp:sm:3' h='12'/>",
    '<a xmlns="urn:xmpp:sm:3" h="12" />',
    "<a h='12' xmlns='urn:xmpp:sm:3'></a>",
  ])('reads an acknowledgement in any spelling: %s', (xml) =>
    expect(parser.parse(xml)).toEqual(
      expect.objectContaining({ name: 'a', ns: 'urn:xmpp:sm:3', attrs: { h: '12' } }),
    ),
  );

  it('takes attribute names that objects are born with for what they are', () => {
    const { attrs } = parser.parse("<a __proto__='x' constructor='y' toString='z'/>");
    expect(Object.entries(attrs)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
      ['toString', 'z'],
    ]);
    expect(parser.parse('<a/>').attrs['constructor']).toBeUndefined();
    expect(parser.parse("<a __proto__='x'/>").toString('jabber:client')).toBe("<a __proto__='x'/>");
  });
});

describe('Element', () => {
  it('declares a namespace only where it changes', () => {
    const element = new Element('a', 'urn:a', { b: "'" }, [
      new Element('c', 'urn:a'),
      new Element('d', 'urn:d', {}, ['<']),
    ]);
    expect(element.toString()).toBe("<a xmlns='urn:a' b='&apos;'><c/><d xmlns='urn:d'>&lt;</d></a>");
    expect(element.toString('urn:a')).toBe("<a b='&apos;'><c/><d xmlns='urn:d'>&lt;</d></a>");
  });

  it('leaves out attributes without a value', () => {
    expect(new Element('a', '', { b: undefined, c: '' }).toString()).toBe("<a c=''/>");
  });
});

describe('errorReply', () => {
  it('swaps addresses', () => {
    const message = parser.parse("<message from='evil' to='b@x' id='1'><body/></message>");
    expect(errorReply(message, 'a@x/r', { error: 'gone', extension: "<y xmlns='urn:y'/>" })).toBe(
      "<message from='b@x' to='a@x/r' id='1' type='error'><error code='302' type='cancel'>" +
        "<gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><y xmlns='urn:y'/></error></message>",
    );
  });

  it.each([
    "<message type='error'/>",
    "<iq type='result'/>",
    "<iq type='error'/>",
    "<presence type='error'/>",
  ])('never answers %s', (xml) => {
    expect(errorReply(parser.parse(xml), 'a', { error: 'gone' })).toBeUndefined();
  });
});

describe('pushMessage', () => {
  it('shows the title within the body, and leaves out what is not there', () => {
    expect(pushMessage({ from: 'app@x', to: 'd@x/r', id: '1', body: 'b' })).toBe(
      "<message from='app@x' type='chat' to='d@x/r' id='1'><body>b</body><request xmlns='urn:xmpp:receipts'/>" +
        "<stanza-id xmlns='urn:xmpp:sid:0' by='d@x' id='1'/></message>",
    );
    expect(
      pushMessage({ from: 'app@x', to: 'd@x', id: '1', type: 'headline', title: 't', requestReceipt: false }),
    ).toBe(
      "<message from='app@x' type='headline' to='d@x' id='1'><subject>t</subject><body>t</body>" +
        "<stanza-id xmlns='urn:xmpp:sid:0' by='d@x' id='1'/></message>",
    );
  });

  it('carries what no XML may hold as U+FFFD, so that no recipient loses its stream', () => {
    const xml = pushMessage({
      from: 'app@x',
      to: 'd@x',
      id: '1',
      body: 'a\u0001\ud800',
      envelope: '{"a":"\u0002"}',
    });
    expect(parser.parse(xml).childText('body')).toBe('a\ufffd\ufffd');
  });

  it('serialises the shared part once for all recipients', () => {
    const push = preparePush({ from: 'app@x', title: 't', uri: 'https://x/' });
    expect(push({ to: 'd1@x', id: '1' })).toContain(
      "to='d1@x' id='1'><subject>t</subject><body>t\nhttps://x/</body>",
    );
    expect(push({ to: 'd2@x', id: '2' })).toContain("<x xmlns='jabber:x:oob'><url>https://x/</url></x>");
  });
});
