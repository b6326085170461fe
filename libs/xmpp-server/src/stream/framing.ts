import { Element } from '../stanza/element.js';
import type { ServerContext } from '../server-context.js';
import type { StanzaParser } from '../stanza/stanza-parser.js';
import { BoundarySplitter, type SplitterLimits } from './boundary-splitter.js';
import { NS } from './namespaces.js';
import { StreamFault } from './stream-error.js';
import { readByteHeader, type StreamHeader } from './stream-header.js';
import { MessageReader, type StreamReader } from './stream-reader.js';

export interface HeaderAttributes {
  from: string;
  to?: string;
  id: string;
}

/** How a stream begins, carries stanzas and ends, over bytes or over WebSocket messages. */
export interface Framing {
  /** Each element stands in a document of its own. */
  readonly framed: boolean;
  /** Of elements that begin and end the stream; without it start and end tags do. */
  readonly ns?: string;
  newReader(limits: SplitterLimits, context: ServerContext): StreamReader;
  /** What a piece of the kind `open` says. @throws StreamFault */
  readHeader(startTag: string, bare: StanzaParser): StreamHeader;
  /** Empty where it travels otherwise. */
  header(attributes: HeaderAttributes): string;
  readonly footer: string;
  /** Fits a serialised top-level element, which stands without `xmlns` if it is in `jabber:client`, to the framing. */
  element(xml: string): string;
}

function headerAttributes({ from, to, id }: HeaderAttributes): Record<string, string | undefined> {
  return { from, to, id, version: '1.0', 'xml:lang': 'en' };
}

/** RFC 6120 §4.2: one long document. */
export const byteFraming: Framing = {
  framed: false,
  newReader: (limits) => new BoundarySplitter(limits),
  readHeader: readByteHeader,
  header: (attributes) => {
    const open = new Element('stream:stream', '', headerAttributes(attributes)).toString().slice(0, -2);
    return `<?xml version='1.0'?>${open} xmlns='${NS.client}' xmlns:stream='${NS.streams}'>`;
  },
  footer: '</stream:stream>',
  element: (xml) => xml,
};

/** RFC 7395 §3.3: a document a message, each with its own namespace declarations. */
export const messageFraming: Framing = {
  framed: true,
  ns: NS.framing,
  newReader: (limits) => new MessageReader(limits),
  readHeader: () => {
    throw new StreamFault('bad-format');
  },
  header: (attributes) => new Element('open', NS.framing, headerAttributes(attributes)).toString(),
  footer: `<close xmlns='${NS.framing}'/>`,
  element: (xml) => {
    if (xml.startsWith('<stream:')) return declare(xml, `xmlns:stream='${NS.streams}'`);
    const end = xml.indexOf('>');
    return /\sxmlns=/.test(xml.slice(0, end)) ? xml : declare(xml, `xmlns='${NS.client}'`);
  },
};

function declare(xml: string, declaration: string): string {
  const at = xml.search(/[\s/>]/);
  return `${xml.slice(0, at)} ${declaration}${xml.slice(at)}`;
}
