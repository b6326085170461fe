import { BoundarySplitter, type Piece } from './boundary-splitter.js';
import { StreamFault } from './stream-error.js';

const LIMITS = { bytes: 100, depth: 4 };

function split(input: string, step = Infinity, framed = false): string[] {
  const splitter = new BoundarySplitter(LIMITS, framed);
  const bytes = Buffer.from(input);
  const pieces: string[] = [];
  const show = ({ kind, text }: Piece): string => (kind === 'stanza' ? text : `${kind}:${text}`);
  try {
    for (let at = 0; at < bytes.length; at += step) {
      splitter.push(bytes.subarray(at, Math.min(at + step, bytes.length)));
      for (let piece = splitter.next(); piece; piece = splitter.next()) pieces.push(show(piece));
    }
  } catch (error) {
    pieces.push(`! ${(error as StreamFault).condition}`);
  }
  return pieces;
}

const ok: [string, string, string[]][] = [
  ['a stream', '<s><a/><b></b></s>', ['open:<s>', '<a/>', '<b></b>', 'close:</s>']],
  ['a declaration', "<?xml version='1.0'?><s>", ["declaration:<?xml version='1.0'?>", 'open:<s>']],
  ['white space around', ' \n<s> <a/>\r\n\t<b/> ', ['open:<s>', '<a/>', '<b/>']],
  ['nesting', '<s><a><b><c/></b>t</a>', ['open:<s>', '<a><b><c/></b>t</a>']],
  ['quotes with markup', `<s><a x='>/>' y="</a>'">t</a>`, ['open:<s>', `<a x='>/>' y="</a>'">t</a>`]],
  ['CDATA with markup', '<s><a><![CDATA[</a>]>]] >]]]></a>', ['open:<s>', '<a><![CDATA[</a>]>]] >]]]></a>']],
  ['more than one byte a character', '<s><a>ä€😀</a>', ['open:<s>', '<a>ä€😀</a>']],
  ['a self-closed root', '<s/>', ['open:<s/>', 'close:']],
  ['a root without attributes but with space', "<s ><a x = '1' />", ['open:<s >', "<a x = '1' />"]],
  ['an end tag with space', '<s><a></a ></s\n>', ['open:<s>', '<a></a >', 'close:</s\n>']],
];

const faults: [string, string, string[]][] = [
  ['text before the root', 'x<s>', ['! not-well-formed']],
  ['text between stanzas', '<s>x', ['open:<s>', '! bad-format']],
  ['an end before the root', '</s>', ['! not-well-formed']],
  ['a comment', '<s><!-- x -->', ['open:<s>', '! restricted-xml']],
  ['a comment inside', '<s><a><!-- x --></a>', ['open:<s>', '! restricted-xml']],
  ['a document type', '<!DOCTYPE x>', ['! restricted-xml']],
  ['a processing instruction', '<s><?x y?>', ['open:<s>', '! restricted-xml']],
  ['a processing instruction inside', '<s><a><?x y?></a>', ['open:<s>', '! restricted-xml']],
  [
    'a second declaration',
    "<?xml version='1.0'?><?xml version='1.0'?>",
    ["declaration:<?xml version='1.0'?>", '! restricted-xml'],
  ],
  ['CDATA between stanzas', '<s><![CDATA[x]]>', ['open:<s>', '! restricted-xml']],
  [
    'depth',
    '<s><a><a><a><a></a></a></a></a><a><a><a><a><a>',
    ['open:<s>', '<a><a><a><a></a></a></a></a>', '! policy-violation'],
  ],
  ['length', `<s><a>${'x'.repeat(100)}</a>`, ['open:<s>', '! policy-violation']],
  ['length without end', `<s><a ${'x'.repeat(100)}`, ['open:<s>', '! policy-violation']],
  ['an empty tag', '<s><>', ['open:<s>', '! not-well-formed']],
  ['a tag in a tag', '<s><a <b>', ['open:<s>', '! not-well-formed']],
  ['a stray slash', '<s><a / >', ['open:<s>', '! not-well-formed']],
];

describe('BoundarySplitter', () => {
  describe.each([Infinity, 7, 1])('in steps of %d bytes', (step) => {
    it.each(ok)('finds %s', (_name, input, expected) => expect(split(input, step)).toEqual(expected));
    it.each(faults)('refuses %s', (_name, input, expected) => expect(split(input, step)).toEqual(expected));
  });

  it('refuses bytes that are no UTF-8', () => {
    const splitter = new BoundarySplitter(LIMITS);
    splitter.push(Buffer.from('<s><a>\xc3\x28</a>', 'latin1'));
    splitter.next();
    expect(() => splitter.next()).toThrow('not UTF-8');
  });

  it('takes a message for a document of its own when framed', () => {
    expect(split('<a/>', Infinity, true)).toEqual(['<a/>']);
    expect(split('</a>', Infinity, true)).toEqual(['! not-well-formed']);
    expect(split("<?xml version='1.0'?>", Infinity, true)).toEqual(['! restricted-xml']);
  });

  it('keeps pipelined input across a restart, and forgets it when told to discard', () => {
    const splitter = new BoundarySplitter(LIMITS);
    splitter.push(Buffer.from('<s><a/><t><b/>'));
    expect([splitter.next()!.kind, splitter.next()!.text]).toEqual(['open', '<a/>']);
    splitter.restart();
    expect(splitter.next()).toEqual({ kind: 'open', text: '<t>' });
    splitter.discard();
    splitter.push(Buffer.from('<u>'));
    expect(splitter.next()).toEqual({ kind: 'open', text: '<u>' });
  });

  it('puts input that was not yet read before what is added', () => {
    const splitter = new BoundarySplitter(LIMITS);
    splitter.push(Buffer.from('<s><a/><b'));
    splitter.next();
    splitter.push(Buffer.from('/><c/>'));
    expect([splitter.next()!.text, splitter.next()!.text, splitter.next()!.text]).toEqual([
      '<a/>',
      '<b/>',
      '<c/>',
    ]);
  });

  it('holds no more than the limit for a piece without end', () => {
    const splitter = new BoundarySplitter({ bytes: 1000, depth: 4 });
    splitter.push(Buffer.from('<s><a>'));
    splitter.next();
    expect(splitter.next()).toBeUndefined();
    const flood = (): void => {
      for (let i = 0; i < 2000; i++) {
        splitter.push(Buffer.from('x'));
        splitter.next();
      }
    };
    expect(flood).toThrow(StreamFault);
    expect(splitter.buffered).toBeLessThanOrEqual(1001);
  });
});
