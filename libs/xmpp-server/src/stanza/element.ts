import { escapeText, escapeXml } from './escape.js';

export type Node = Element | string;

/** An attribute in a namespace of its own, such as `xml:lang`. */
export interface QualifiedAttribute {
  prefix: string;
  local: string;
  ns: string;
  value: string;
}

const XML_PREFIX = 'xml';

/** A namespace-aware XML element. Prefixes of element names are not kept: output declares default namespaces instead. */
export class Element {
  readonly children: Node[] = [];
  /** Only what is not a plain attribute; most elements have none. */
  qualified: QualifiedAttribute[] | undefined;

  constructor(
    readonly name: string,
    readonly ns: string,
    readonly attrs: Record<string, string | undefined> = {},
    children: readonly Node[] = [],
  ) {
    for (const child of children) this.children.push(child);
  }

  is(name: string, ns: string): boolean {
    return this.name === name && this.ns === ns;
  }

  get elements(): Element[] {
    return this.children.filter((child) => typeof child !== 'string');
  }

  /** The first child of that name, in this element's own namespace unless another is given. */
  child(name: string, ns: string = this.ns): Element | undefined {
    for (const child of this.children) {
      if (typeof child !== 'string' && child.name === name && child.ns === ns) return child;
    }
    return undefined;
  }

  childText(name: string, ns?: string): string | undefined {
    return this.child(name, ns)?.text;
  }

  /** The character data directly inside. */
  get text(): string {
    let text = '';
    for (const child of this.children) if (typeof child === 'string') text += child;
    return text;
  }

  /** Serialises; `inherited` is the default namespace in force around the element. */
  toString(inherited = ''): string {
    let xml = `<${this.name}`;
    if (this.ns !== inherited) xml += ` xmlns='${escapeXml(this.ns)}'`;
    for (const name in this.attrs) {
      const value = this.attrs[name];
      if (value !== undefined) xml += ` ${name}='${escapeXml(value)}'`;
    }
    xml += this.qualifiedAttributes();
    if (this.children.length === 0) return `${xml}/>`;
    xml += '>';
    for (const child of this.children) {
      xml += typeof child === 'string' ? escapeText(child) : child.toString(this.ns);
    }
    return `${xml}</${this.name}>`;
  }

  private qualifiedAttributes(): string {
    let xml = '';
    for (const { prefix, local, ns, value } of this.qualified ?? []) {
      const declaration = prefix === XML_PREFIX ? '' : ` xmlns:${prefix}='${escapeXml(ns)}'`;
      if (!xml.includes(declaration)) xml += declaration;
      xml += ` ${prefix}:${local}='${escapeXml(value)}'`;
    }
    return xml;
  }
}
