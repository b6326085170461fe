import type { ServerContext } from '../server-context.js';
import type { StanzaParser } from '../stanza/stanza-parser.js';
import { BoundarySplitter, type Piece, type SplitterLimits } from '../stream/boundary-splitter.js';
import { NS } from '../stream/namespaces.js';
import { StreamFault } from '../stream/stream-error.js';
import type { StreamReader } from '../stream/stream-reader.js';
import { type BodyTag, openBody } from './body-tag.js';

const MAX_WAITING_BYTES = 1_048_576;
const USUAL: Readonly<Record<string, string>> = {
  '': NS.httpBind,
  xmpp: NS.xbosh,
  stream: NS.streams,
  xml: NS.xml,
};

/** What the bodies of BOSH requests hold, in order: stanzas, and the beginnings and the end of streams. */
export class BodyReader implements StreamReader {
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private pieces: Generator<Piece, undefined> | undefined;
  private readonly splitter: BoundarySplitter;
  private first = true;

  constructor(
    limits: SplitterLimits,
    private readonly context: Pick<ServerContext, 'parsers' | 'parserFor'>,
  ) {
    this.splitter = new BoundarySplitter(limits);
  }

  /** @param input a whole request */
  push(input: Buffer): void {
    this.waitingBytes += input.length;
    if (this.waitingBytes > MAX_WAITING_BYTES) throw new StreamFault('policy-violation', 'too much at once');
    this.waiting.push(input);
  }

  next(): Piece | undefined {
    for (;;) {
      this.pieces ??= this.begin();
      if (!this.pieces) return undefined;
      const { value } = this.pieces.next();
      if (value) return value;
      this.pieces = undefined;
    }
  }

  /** Streams begin where the bodies say so. */
  restart(): void {}

  discard(): void {
    this.waiting = [];
    this.waitingBytes = 0;
  }

  setLimits(limits: SplitterLimits): void {
    this.splitter.setLimits(limits);
  }

  private begin(): Generator<Piece, undefined> | undefined {
    const body = this.waiting.shift();
    if (!body) return undefined;
    this.waitingBytes -= body.length;
    this.splitter.restart();
    this.splitter.push(body);
    return this.piecesOfBody();
  }

  private *piecesOfBody(): Generator<Piece, undefined> {
    const { text, tag } = openBody(this.splitter, this.context.parsers.bare);
    if (this.first || tag.restart) yield { kind: 'open', text };
    this.first = false;
    const parser = this.parserWithin(tag);
    let piece = this.splitter.next();
    for (; piece?.kind === 'stanza'; piece = this.splitter.next()) yield { ...piece, parser };
    this.checkEnd(piece, text);
    if (tag.attrs['type'] === 'terminate') yield { kind: 'close', text: '' };
    return undefined;
  }

  private checkEnd(piece: Piece | undefined, startTag: string): void {
    const name = /^<([^\s/>]*)/.exec(startTag)![1]!;
    const endName = piece?.text === '' ? name : piece?.text.slice(2, -1).trimEnd();
    if (piece?.kind !== 'close' || endName !== name || this.splitter.next() || !this.splitter.idle)
      throw new StreamFault('not-well-formed', 'the body is not one element');
  }

  /** COMPAT: stanzas that do not name their namespace are taken for `jabber:client` (XEP-0206 §3). */
  private parserWithin({ declared }: BodyTag): StanzaParser {
    if (Object.entries(declared).every(([prefix, ns]) => USUAL[prefix] === ns))
      return this.context.parsers.bosh;
    const outer = declared[''] === NS.httpBind ? NS.client : (declared[''] ?? '');
    return this.context.parserFor({ ...declared, '': outer });
  }
}
