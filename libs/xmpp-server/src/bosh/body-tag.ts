import type { Element } from '../stanza/element.js';
import type { NamespaceScope, StanzaParser } from '../stanza/stanza-parser.js';
import { BoundarySplitter } from '../stream/boundary-splitter.js';
import { NS } from '../stream/namespaces.js';
import { StreamFault } from '../stream/stream-error.js';
import { checkDeclaration } from '../stream/stream-header.js';

/** The start tag of a request's `<body/>` (XEP-0124 §6, XEP-0206 §3). */
export interface BodyTag {
  attrs: Readonly<Record<string, string | undefined>>;
  /** `xmpp:version` */
  version: string | undefined;
  /** `xmpp:restart` is true: a new stream begins. */
  restart: boolean;
  declared: NamespaceScope;
}

/** Reads the beginning of a request; what is wrong behind it the stream will find. @throws StreamFault */
export function peekBody(request: Buffer, parser: StanzaParser): { tag: BodyTag; empty: boolean } {
  const splitter = new BoundarySplitter({ bytes: request.length, depth: Infinity });
  splitter.push(request);
  const { tag } = openBody(splitter, parser);
  return { tag, empty: endsNow(splitter) };
}

function endsNow(splitter: BoundarySplitter): boolean {
  try {
    return splitter.next()?.kind === 'close';
  } catch {
    return false;
  }
}

/** Takes the start tag of a body out of the input. @throws StreamFault */
export function openBody(splitter: BoundarySplitter, parser: StanzaParser): { text: string; tag: BodyTag } {
  let piece = splitter.next();
  if (piece?.kind === 'declaration') {
    checkDeclaration(piece.text);
    piece = splitter.next();
  }
  if (piece?.kind !== 'open') throw new StreamFault('not-well-formed');
  return { text: piece.text, tag: parseBodyTag(piece.text, parser) };
}

/** @throws StreamFault */
export function parseBodyTag(startTag: string, parser: StanzaParser): BodyTag {
  const root = parser.parse(startTag.endsWith('/>') ? startTag : `${startTag.slice(0, -1)}/>`);
  if (!root.is('body', NS.httpBind)) throw new StreamFault('bad-format');
  const restart = xmppAttribute(root, 'restart');
  return {
    attrs: root.attrs,
    version: xmppAttribute(root, 'version'),
    restart: restart === 'true' || restart === '1',
    declared: { ...parser.declared },
  };
}

function xmppAttribute({ qualified = [] }: Element, name: string): string | undefined {
  return qualified.find(({ local, ns }) => local === name && ns === NS.xbosh)?.value;
}
