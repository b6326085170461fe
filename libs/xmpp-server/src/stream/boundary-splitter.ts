import { isUtf8 } from 'node:buffer';
import type { StanzaParser } from '../stanza/stanza-parser.js';
import { StreamFault } from './stream-error.js';

const LT = 0x3c;
const GT = 0x3e;
const SLASH = 0x2f;
const BANG = 0x21;
const QUESTION = 0x3f;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const CDATA_OPEN = Buffer.from('[CDATA[');

const enum State {
  Between,
  TagOpen,
  StartTag,
  StartTagSlash,
  DoubleQuoted,
  SingleQuoted,
  EndTag,
  Text,
  Bang,
  Cdata,
  CdataBracket,
  CdataBrackets,
  Declaration,
  DeclarationEnd,
}

/** What a complete piece of input is. `open` is the start tag of the stream's root. */
export type PieceKind = 'declaration' | 'open' | 'stanza' | 'close';

export interface Piece {
  kind: PieceKind;
  text: string;
  /** For what stands around the piece, where that is not the same for the whole stream. */
  parser?: StanzaParser;
}

export interface SplitterLimits {
  /** Bytes of one piece; a longer one is refused before it is held in full. */
  bytes: number;
  depth: number;
}

const EMPTY = Buffer.alloc(0);
const KEEP_HELD_BYTES = 4096;

/**
 * Finds where stanzas begin and end in the bytes of a stream, so that size and depth are bounded before any XML is parsed, and refuses what
 * XMPP restricts (comments, processing instructions, document types: RFC 6120 §11.1). It is no XML parser: what it lets through is
 * checked again by one.
 */
export class BoundarySplitter {
  private state: State = State.Between;
  private depth = 0;
  private matched = 0;
  private expectsRoot: boolean;
  private atStart: boolean;
  private selfClosedRoot = false;

  private chunk: Buffer = EMPTY;
  private offset = 0;
  private start = 0;
  private held: Buffer = EMPTY;
  private heldLength = 0;

  /** @param framed true where each message is a document of its own, without a root around it (RFC 7395 §3.3) */
  constructor(
    private limits: SplitterLimits,
    private readonly framed = false,
  ) {
    this.expectsRoot = !framed;
    this.atStart = !framed;
  }

  /** Adds input; what was not yet read stays in front of it. */
  push(chunk: Buffer): void {
    this.chunk =
      this.offset < this.chunk.length ? Buffer.concat([this.chunk.subarray(this.start), chunk]) : chunk;
    this.offset -= this.start;
    if (this.chunk === chunk) this.offset = 0;
    this.start = 0;
  }

  /** Expects a new stream header, as after SASL (RFC 6120 §4.3.3). Input behind it is kept: clients may pipeline. */
  restart(): void {
    this.expectsRoot = !this.framed;
    this.atStart = !this.framed;
  }

  setLimits(limits: SplitterLimits): void {
    this.limits = limits;
  }

  /** Forgets everything read so far, as STARTTLS demands of what came in the clear (RFC 6120 §5.4.3.3). */
  discard(): void {
    this.chunk = EMPTY;
    this.offset = this.start = this.heldLength = this.depth = 0;
    this.held = EMPTY;
    this.state = State.Between;
    this.restart();
  }

  /** Bytes received and not yet given out. */
  get buffered(): number {
    return this.heldLength + this.chunk.length - this.offset;
  }

  /** Whether input ended between two pieces. */
  get idle(): boolean {
    return this.state === State.Between && this.offset >= this.chunk.length;
  }

  /** The next complete piece, or undefined until more input comes. @throws StreamFault */
  next(): Piece | undefined {
    if (this.selfClosedRoot) {
      this.selfClosedRoot = false;
      return { kind: 'close', text: '' };
    }
    while (this.offset < this.chunk.length) {
      const kind = this.step(this.chunk[this.offset++]!);
      if (kind) return this.complete(kind);
    }
    this.hold();
    return undefined;
  }

  private complete(kind: PieceKind): Piece {
    const tail = this.chunk.subarray(this.start, this.offset);
    const bytes = this.heldLength === 0 ? tail : this.joined(tail);
    this.start = this.offset;
    this.state = State.Between;
    this.atStart = false;
    this.checkLength(bytes.length);
    if (!isUtf8(bytes)) throw new StreamFault('not-well-formed', 'not UTF-8');
    return { kind, text: bytes.toString('utf8') };
  }

  private joined(tail: Buffer): Buffer {
    this.append(tail);
    const bytes = this.held.subarray(0, this.heldLength);
    this.heldLength = 0;
    if (this.held.length > KEEP_HELD_BYTES) this.held = EMPTY;
    return bytes;
  }

  /** Keeps the beginning of a piece that is not complete, in a buffer of its own that grows by doubling. */
  private hold(): void {
    if (this.state === State.Between) this.start = this.offset;
    if (this.start < this.offset) this.append(this.chunk.subarray(this.start, this.offset));
    this.chunk = EMPTY;
    this.offset = this.start = 0;
  }

  private append(bytes: Buffer): void {
    const length = this.heldLength + bytes.length;
    this.checkLength(length);
    if (length > this.held.length) {
      const grown = Buffer.allocUnsafe(
        Math.max(length, Math.min(this.held.length * 2, this.limits.bytes), 256),
      );
      this.held.copy(grown, 0, 0, this.heldLength);
      this.held = grown;
    }
    bytes.copy(this.held, this.heldLength);
    this.heldLength = length;
  }

  private checkLength(length: number): void {
    if (length > this.limits.bytes) throw new StreamFault('policy-violation', 'stanza too long');
  }

  private step(byte: number): PieceKind | undefined {
    switch (this.state) {
      case State.Text:
        return this.inText();
      case State.StartTag:
        return this.inStartTag(byte);
      case State.DoubleQuoted:
        return this.inQuotes(DOUBLE_QUOTE);
      case State.SingleQuoted:
        return this.inQuotes(SINGLE_QUOTE);
      case State.Between:
        return this.between(byte);
      case State.TagOpen:
        return this.tagOpen(byte);
      case State.StartTagSlash:
        return this.startTagSlash(byte);
      case State.EndTag:
        return byte === GT ? this.endTag() : undefined;
      case State.Bang:
        return this.bang(byte);
      case State.Cdata:
      case State.CdataBracket:
      case State.CdataBrackets:
        return this.cdata(byte);
      default:
        return this.declaration(byte);
    }
  }

  private between(byte: number): undefined {
    if (byte === LT) {
      this.start = this.offset - 1;
      this.state = State.TagOpen;
    } else if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) {
      throw new StreamFault(this.expectsRoot || this.framed ? 'not-well-formed' : 'bad-format');
    } else {
      this.start = this.offset;
    }
  }

  private inText(): undefined {
    const at = this.chunk.indexOf(LT, this.offset - 1);
    if (at < 0) {
      this.offset = this.chunk.length;
      return;
    }
    this.offset = at + 1;
    this.state = State.TagOpen;
  }

  private tagOpen(byte: number): undefined {
    if (byte === SLASH) this.state = State.EndTag;
    else if (byte === BANG) this.markupDeclaration();
    else if (byte === QUESTION) this.processingInstruction();
    else if (byte === GT || byte === LT) throw new StreamFault('not-well-formed');
    else this.state = State.StartTag;
  }

  private markupDeclaration(): void {
    if (this.depth === 0) throw new StreamFault('restricted-xml');
    this.matched = 0;
    this.state = State.Bang;
  }

  private processingInstruction(): void {
    if (!this.atStart) throw new StreamFault('restricted-xml');
    this.state = State.Declaration;
  }

  private inStartTag(byte: number): PieceKind | undefined {
    if (byte === GT) return this.startTag();
    if (byte === DOUBLE_QUOTE) this.state = State.DoubleQuoted;
    else if (byte === SINGLE_QUOTE) this.state = State.SingleQuoted;
    else if (byte === SLASH) this.state = State.StartTagSlash;
    else if (byte === LT) throw new StreamFault('not-well-formed');
    return undefined;
  }

  private inQuotes(quote: number): undefined {
    const at = this.chunk.indexOf(quote, this.offset - 1);
    if (at < 0) {
      this.offset = this.chunk.length;
      return;
    }
    this.offset = at + 1;
    this.state = State.StartTag;
  }

  private startTagSlash(byte: number): PieceKind | undefined {
    if (byte !== GT) throw new StreamFault('not-well-formed');
    if (this.expectsRoot) {
      this.selfClosedRoot = true;
      return this.startTag();
    }
    if (this.depth === 0) return 'stanza';
    this.state = State.Text;
    return undefined;
  }

  private startTag(): PieceKind | undefined {
    if (this.expectsRoot) {
      this.expectsRoot = false;
      return 'open';
    }
    if (++this.depth > this.limits.depth) throw new StreamFault('policy-violation', 'nested too deep');
    this.state = State.Text;
    return undefined;
  }

  private endTag(): PieceKind | undefined {
    if (this.depth === 0) {
      if (this.expectsRoot || this.framed) throw new StreamFault('not-well-formed');
      return 'close';
    }
    if (--this.depth === 0) return 'stanza';
    this.state = State.Text;
    return undefined;
  }

  /** Behind `<!` only a CDATA section is allowed. */
  private bang(byte: number): undefined {
    if (byte !== CDATA_OPEN[this.matched]) throw new StreamFault('restricted-xml');
    if (byte === OPEN_BRACKET && this.matched === CDATA_OPEN.length - 1) this.state = State.Cdata;
    this.matched++;
  }

  private cdata(byte: number): undefined {
    if (byte === CLOSE_BRACKET) {
      this.state = this.state === State.Cdata ? State.CdataBracket : State.CdataBrackets;
    } else if (byte === GT && this.state === State.CdataBrackets) {
      this.state = State.Text;
    } else {
      this.state = State.Cdata;
    }
  }

  private declaration(byte: number): PieceKind | undefined {
    if (byte === GT && this.state === State.DeclarationEnd) return 'declaration';
    this.state = byte === QUESTION ? State.DeclarationEnd : State.Declaration;
    return undefined;
  }
}
