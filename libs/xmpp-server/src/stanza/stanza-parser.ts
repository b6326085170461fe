import { SaxesParser, type SaxesTagNS } from 'saxes';
import { NS } from '../stream/namespaces.js';
import { StreamFault } from '../stream/stream-error.js';
import { Element } from './element.js';

/** The prefixes in scope around a stanza; `''` is the default namespace. */
export type NamespaceScope = Record<string, string>;

/**
 * Turns the text of one complete element into a tree. One parser serves every stream that has the same namespaces in scope, so that an idle
 * connection holds none. It is synchronous: never used twice at once.
 */
export class StanzaParser {
  private parser: SaxesParser<{ xmlns: true; fragment: true }> | undefined;
  private root: Element | undefined;
  private open: Element[] = [];
  /** Namespace declarations of the last root. */
  declared: NamespaceScope = {};

  constructor(
    private readonly scope: NamespaceScope,
    private readonly maxAttributes: number,
  ) {}

  /** @throws StreamFault not-well-formed, restricted-xml or policy-violation */
  parse(text: string): Element {
    return readAcknowledgement(text) ?? this.parseElement(text);
  }

  private parseElement(text: string): Element {
    this.root = undefined;
    this.open.length = 0;
    const parser = (this.parser ??= this.createParser());
    try {
      parser.write(text).close();
    } catch (error) {
      this.parser = undefined; // its state after a fault is not defined
      throw error;
    }
    if (!this.root) throw new StreamFault('not-well-formed');
    return this.root;
  }

  private createParser(): SaxesParser<{ xmlns: true; fragment: true }> {
    const parser = new SaxesParser({ xmlns: true, fragment: true, additionalNamespaces: this.scope });
    parser.on('opentag', (tag) => this.openTag(tag));
    parser.on('closetag', () => this.open.pop());
    parser.on('text', (text) => this.characters(text));
    parser.on('cdata', (text) => this.characters(text));
    parser.on('error', (error) => refuse(error));
    return parser;
  }

  private openTag(tag: SaxesTagNS): void {
    const element = new Element(tag.local, tag.uri, Object.create(null) as Record<string, string>);
    let count = 0;
    for (const name in tag.attributes) {
      if (++count > this.maxAttributes) throw new StreamFault('policy-violation', 'too many attributes');
      addAttribute(element, tag.attributes[name]!);
    }
    const parent = this.open.at(-1);
    if (parent) parent.children.push(element);
    else this.setRoot(element, tag);
    this.open.push(element);
  }

  private setRoot(element: Element, tag: SaxesTagNS): void {
    if (this.root) throw new StreamFault('not-well-formed');
    this.root = element;
    this.declared = tag.ns;
  }

  private characters(text: string): void {
    this.open.at(-1)?.children.push(text);
  }
}

const ACKNOWLEDGEMENT = /^<a xmlns=(?:'urn:xmpp:sm:3'|"urn:xmpp:sm:3") h=(?:'(\d+)'|"(\d+)")\s*\/>$/;

/** The commonest element there is behind pushes, in its commonest spelling: a whole parser is not needed for it. */
function readAcknowledgement(text: string): Element | undefined {
  if (text.length > 50 || !text.startsWith('<a ')) return undefined;
  const match = ACKNOWLEDGEMENT.exec(text);
  return match ? new Element('a', NS.sm, { h: match[1] ?? match[2] }) : undefined;
}

function addAttribute(
  element: Element,
  attribute: { prefix: string; local: string; uri: string; value: string },
): void {
  const { prefix, local, uri, value } = attribute;
  if (prefix === 'xmlns' || (prefix === '' && local === 'xmlns')) return;
  if (prefix === '') element.attrs[local] = value;
  else (element.qualified ??= []).push({ prefix, local, ns: uri, value });
}

/** Entities other than the five are restricted (RFC 6120 §11.1); the rest is not well-formed (§11.3). */
function refuse(error: Error): never {
  throw new StreamFault(/undefined entity/.test(error.message) ? 'restricted-xml' : 'not-well-formed');
}
