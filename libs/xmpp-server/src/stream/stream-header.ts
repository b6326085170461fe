import type { NamespaceScope, StanzaParser } from '../stanza/stanza-parser.js';
import type { Element } from '../stanza/element.js';
import { bareJid, parseJid, prepareDomain } from '../jid/jid.js';
import { NS } from './namespaces.js';
import { StreamFault } from './stream-error.js';

/** What the client says when it opens a stream (RFC 6120 §4.7). */
export interface StreamHeader {
  to: string;
  /** Bare JID, to be echoed as `to`; undefined when absent or not a JID. */
  from: string | undefined;
  /** Prefixes that stanzas may use; undefined for the usual ones. */
  scope: NamespaceScope | undefined;
}

const DECLARATION =
  /^<\?xml\s+version\s*=\s*(['"])1\.\d+\1(?:\s+encoding\s*=\s*(['"])([^'"]*)\2)?(?:\s+standalone\s*=\s*(['"])(?:yes|no)\4)?\s*\?>$/;

/** Only UTF-8 is spoken (RFC 6120 §11.6). @throws StreamFault */
export function checkDeclaration(text: string): void {
  const match = DECLARATION.exec(text);
  if (!match) throw new StreamFault(text.startsWith('<?xml ') ? 'not-well-formed' : 'restricted-xml');
  if (match[3] !== undefined && match[3].toLowerCase() !== 'utf-8')
    throw new StreamFault('unsupported-encoding');
}

/** Reads the start tag of `<stream:stream>`. @throws StreamFault */
export function readByteHeader(startTag: string, parser: StanzaParser): StreamHeader {
  const document = startTag.endsWith('/>') ? startTag : `${startTag.slice(0, -1)}/>`;
  const root = parser.parse(document);
  const { declared } = parser;
  if (root.name !== 'stream') throw new StreamFault('bad-format');
  if (root.ns !== NS.streams) throw new StreamFault('invalid-namespace');
  if (declared[''] !== NS.client && !Object.values(declared).includes(NS.client)) {
    throw new StreamFault('invalid-namespace');
  }
  return { ...readAddresses(root), scope: isUsual(declared) ? undefined : { ...declared } };
}

/** Reads `<open/>` (RFC 7395 §3.4). @throws StreamFault */
export function readOpen(element: Element): StreamHeader {
  return { ...readAddresses(element), scope: undefined };
}

function readAddresses({ attrs }: Element): Omit<StreamHeader, 'scope'> {
  if (!/^1(?:\.\d+)?$/.test(attrs['version'] ?? '')) throw new StreamFault('unsupported-version');
  const to = prepareDomain(attrs['to'] ?? '');
  if (to === undefined) throw new StreamFault('improper-addressing');
  const from = attrs['from'] === undefined ? undefined : parseJid(attrs['from']);
  return { to, from: from && bareJid(from) };
}

function isUsual(declared: NamespaceScope): boolean {
  return (
    declared[''] === NS.client && declared['stream'] === NS.streams && Object.keys(declared).length === 2
  );
}
