import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { TLSSocket, type SecureContext } from 'node:tls';
import type { CloseCause, PeerInfo } from '../hooks.js';
import type { ServerContext } from '../server-context.js';
import type { Element } from '../stanza/element.js';
import { StanzaParser } from '../stanza/stanza-parser.js';
import type { Piece } from './boundary-splitter.js';
import { byteFraming, messageFraming, type Framing } from './framing.js';
import { InputBudget } from './input-budget.js';
import { NS } from './namespaces.js';
import { Outbox } from './outbox.js';
import { StreamFault, streamError, type StreamErrorCondition } from './stream-error.js';
import { verifiedCertificate } from './client-certificate.js';
import { checkDeclaration, readOpen, type StreamHeader } from './stream-header.js';
import type { NegotiationPhase, StreamPhase } from './stream-phase.js';
import type { StreamReader } from './stream-reader.js';
import { WebSocketWire, type FramedSocket } from './websocket-wire.js';
import { ByteWire, type Wire, type WireListener } from './wire.js';

/** Details of a stream's end. */
export interface FailureDetails {
  text?: string;
  /** Of `see-other-host`. */
  host?: string;
  /** Serialised application-specific condition. */
  extension?: string;
  /** What the phase is told instead of the condition: `connection-lost` leaves the session to be resumed. */
  cause?: CloseCause;
}

/** Requests and their answers as a wire. */
export interface RequestLink {
  readonly framing: Framing;
  open(listener: WireListener): Wire;
}

async function passed(ms: number): Promise<void> {
  if (ms > 0) await new Promise<void>((resolve) => setTimeout(resolve, ms).unref());
}

const ALONE_MS = 25;
const PROCEED = `<proceed xmlns='${NS.tls}'/>`;

/** One XML stream: input cut and parsed, output gathered and written once a turn, faults answered, the wire under it upgraded. */
export class Connection implements WireListener {
  secure: boolean;
  lastInputAt = Date.now();
  readonly openedAt = Date.now();
  /** Set by the server before the first input. */
  phase!: StreamPhase;

  /** The TLS of this process under the stream. */
  tls: TLSSocket | undefined;

  private wire!: Wire;
  private readonly framing: Framing;
  private readonly reader: StreamReader;
  private readonly budget: InputBudget;
  private scope: StanzaParser;
  private readonly outbox: Outbox;
  private pumping = false;
  private busy = false;
  private congested = false;
  private throttled = false;
  private headerSent = false;
  private clientAddress: string | undefined;
  private addressedHost: string | undefined;
  private streamId = '';
  private rootName = '';
  private endedAt = 0;
  private gone = false;

  private constructor(
    readonly context: ServerContext,
    /** Its certificate may come with STARTTLS. */
    public peer: PeerInfo,
    framing: Framing,
  ) {
    const { limits } = context.options;
    const bounds = { bytes: limits.handshakeStanzaBytes, depth: limits.depth };
    this.secure = peer.secure;
    this.framing = framing;
    this.reader = framing.newReader(bounds, context);
    this.scope = framing.framed ? context.parsers.bare : context.parsers.client;
    this.outbox = new Outbox(context.flushes, () => this.flush());
    this.budget = new InputBudget(limits.bytesPerSecond, this.lastInputAt);
  }

  static overBytes(context: ServerContext, stream: Duplex, peer: PeerInfo): Connection {
    const connection = new Connection(context, peer, byteFraming);
    if (stream instanceof TLSSocket) connection.tls = stream;
    const wire = new ByteWire(stream, connection);
    connection.wire = wire;
    wire.open();
    return connection;
  }

  static overMessages(context: ServerContext, socket: FramedSocket, peer: PeerInfo): Connection {
    const connection = new Connection(context, peer, messageFraming);
    connection.tls = peer.tls;
    const wire = new WebSocketWire(socket, connection);
    connection.wire = wire;
    wire.open();
    return connection;
  }

  /** Carried by requests. @param link what joins them to the connection */
  static overRequests(context: ServerContext, link: RequestLink, peer: PeerInfo): Connection {
    const connection = new Connection(context, peer, link.framing);
    connection.wire = link.open(connection);
    return connection;
  }

  get framed(): boolean {
    return this.framing.framed;
  }

  /** The host name that the client gave in its last stream header. */
  get host(): string | undefined {
    return this.addressedHost;
  }

  /** Still open in our direction. */
  get writable(): boolean {
    return this.endedAt === 0;
  }

  /** Bytes that wait for the peer to read; the little that the wire holds while it keeps up is left out. */
  get pendingBytes(): number {
    return this.outbox.length + (this.congested ? this.wire.pendingBytes : 0);
  }

  /** Queues a serialised top-level element. */
  send(xml: string): void {
    if (this.writable) this.enqueue(this.framing.element(xml));
  }

  /**
   * Queues an element that should be read before anything that follows is.
   * COMPAT: @xmpp/client 0.14 starts to count stanzas a moment after it has read `<enabled/>`.
   */
  sendAlone(xml: string): void {
    this.send(xml);
    this.writeOut();
    this.outbox.holdBack(ALONE_MS);
  }

  scheduleFlush(): void {
    this.outbox.schedule();
  }

  /** Expects a new stream header from the client (RFC 6120 §4.3.3). */
  restart(): void {
    this.headerSent = false;
    this.reader.restart();
  }

  /** The bounds of a client that has logged in. */
  liftLimits(): void {
    const { limits } = this.context.options;
    this.reader.setLimits({ bytes: limits.stanzaBytes, depth: limits.depth });
  }

  /** Waits before the answer to a failed log-in: longer with each failure from this address. */
  async penalty(): Promise<void> {
    await passed(this.context.failureDelays.next(this.peer.address, Date.now()));
  }

  /** Waits before a log-in is looked at, when this address had many failures. undefined: nothing to wait for. */
  delayBeforeLogIn(): Promise<void> | undefined {
    const delay = this.context.failureDelays.before(this.peer.address, Date.now());
    return delay > 0 ? passed(delay) : undefined;
  }

  /** Answers `<proceed/>` and puts TLS under the stream; whatever the client sent behind `<starttls/>` is dropped (RFC 6120 §5.4.3.3). */
  startTls(secureContext: SecureContext): void {
    this.send(PROCEED);
    this.writeOut();
    const raw = (this.wire as ByteWire).detach();
    this.reader.discard();
    this.restart();
    this.secure = true;
    this.congested = false;
    const requestCert = this.context.options.hooks.authenticateCertificate !== undefined;
    const tls = new TLSSocket(raw, { isServer: true, secureContext, requestCert, rejectUnauthorized: false });
    if (requestCert) tls.once('secure', () => this.onClientCertificate(tls));
    this.tls = tls;
    const wire = new ByteWire(tls, this);
    this.wire = wire;
    wire.open();
  }

  private onClientCertificate(tls: TLSSocket): void {
    const certificate = verifiedCertificate(tls);
    if (certificate) this.peer = { ...this.peer, certificate };
  }

  /** Ends the stream with an error (RFC 6120 §4.9). */
  fail(condition: StreamErrorCondition, { text, host, extension, cause }: FailureDetails = {}): void {
    if (!this.writable) return;
    if (!this.headerSent) this.sendHeader();
    this.send(streamError({ condition, text, host, extension }));
    this.close(cause ?? condition);
  }

  /**
   * Ends the stream because its server ends.
   * @param otherHost where the client may go on; web clients, whose host is an address of HTTP, are not told
   */
  shutDown(condition: StreamErrorCondition, otherHost: string | undefined): void {
    if (otherHost === undefined || this.framing.framed) this.fail(condition);
    else this.fail('see-other-host', { host: otherHost, cause: condition });
  }

  /** Ends the stream without an error. */
  close(cause: CloseCause): void {
    if (!this.writable) return;
    this.enqueue(this.framing.footer);
    this.endedAt = Date.now();
    this.writeOut();
    this.wire.end(cause);
    this.wire.resumeInput();
    this.phase.onEnded(cause);
  }

  destroy(): void {
    this.wire.destroy();
  }

  sweep(now: number): void {
    const { limits } = this.context.options;
    if (!this.writable) {
      if (now - this.endedAt >= limits.closeTimeoutMs) this.destroy();
      return;
    }
    if (this.throttled && this.budget.refill(now)) this.unblock('throttled');
    try {
      this.phase.sweep(now);
    } catch (error) {
      this.onFault(error);
    }
  }

  onInput(bytes: Buffer): void {
    if (!this.writable) return;
    this.lastInputAt = Date.now();
    if (!this.budget.spend(bytes.length, this.lastInputAt)) this.block('throttled');
    try {
      this.reader.push(bytes);
    } catch (error) {
      this.onFault(error);
      return;
    }
    this.pump();
  }

  onDrained(): void {
    if (this.congested) this.unblock('congested');
  }

  onGone(): void {
    if (this.gone) return;
    this.gone = true;
    const open = this.writable;
    if (open) this.endedAt = Date.now();
    this.wire.destroy();
    if (open) this.phase.onEnded('connection-lost');
    this.context.onConnectionGone(this);
  }

  private get blocked(): boolean {
    return this.busy || this.congested || this.throttled;
  }

  private block(reason: 'busy' | 'congested' | 'throttled'): void {
    this[reason] = true;
    this.wire.pauseInput();
  }

  private unblock(reason: 'busy' | 'congested' | 'throttled'): void {
    this[reason] = false;
    if (reason === 'congested' && this.writable) this.phase.onDrained();
    if (this.blocked || this.gone) return;
    this.pump();
    if (!this.blocked) this.wire.resumeInput();
  }

  /** Throttling lets what was read already pass; other reasons hold it. */
  private pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    try {
      while (!this.busy && !this.congested && this.writable) {
        const piece = this.reader.next();
        if (!piece) break;
        this.handle(piece);
      }
    } catch (error) {
      this.onFault(error);
    }
    this.pumping = false;
  }

  private handle(piece: Piece): void {
    switch (piece.kind) {
      case 'declaration':
        return checkDeclaration(piece.text);
      case 'open':
        this.rootName = /^<([^\s/>]*)/.exec(piece.text)![1]!;
        return this.onHeader(this.framing.readHeader(piece.text, this.context.parsers.bare));
      case 'close':
        return this.onFooter(piece.text);
      default:
        return this.onElement((piece.parser ?? this.scope).parse(piece.text));
    }
  }

  /** Empty for a root that was closed by its own start tag. */
  private onFooter(endTag: string): void {
    if (endTag !== '' && endTag.slice(2, -1).trimEnd() !== this.rootName)
      throw new StreamFault('not-well-formed');
    this.close('closed-by-client');
  }

  private onElement(element: Element): void {
    if (element.ns === this.framing.ns) return this.onFramingElement(element);
    if (!this.headerSent) throw new StreamFault('not-well-formed');
    const pending = this.phase.onElement(element);
    if (pending) this.wait(pending);
  }

  private onFramingElement(element: Element): void {
    if (element.name === 'close') return this.close('closed-by-client');
    if (element.name !== 'open') throw new StreamFault('bad-format');
    this.onHeader(readOpen(element));
  }

  /** Nothing more is read until the work is done: answers keep the order of the questions. */
  private wait(pending: Promise<void>): void {
    this.block('busy');
    pending.then(
      () => this.unblock('busy'),
      (error: unknown) => {
        this.busy = false;
        this.onFault(error);
      },
    );
  }

  private onHeader(header: StreamHeader): void {
    if (this.headerSent) throw new StreamFault('bad-format');
    this.clientAddress = header.from;
    this.addressedHost = header.to;
    if (!this.framed) this.scope = this.context.parserFor(header.scope);
    this.sendHeader();
    if (header.to !== this.context.options.domain && !this.context.options.androidpn) {
      throw new StreamFault('host-unknown');
    }
    (this.phase as NegotiationPhase).onOpened();
  }

  /** A new id a stream (RFC 6120 §4.7.3); androidpn wants the one it saw before TLS. */
  private sendHeader(): void {
    const { domain, androidpn } = this.context.options;
    if (this.streamId === '' || !androidpn) this.streamId = randomBytes(12).toString('base64url');
    this.enqueue(this.framing.header({ from: domain, to: this.clientAddress, id: this.streamId }));
    this.headerSent = true;
  }

  private onFault(error: unknown): void {
    if (error instanceof StreamFault) {
      const { condition, text, extension } = error;
      return this.fail(condition, { text, extension });
    }
    this.context.options.logger.error(
      { err: error, address: this.peer.address },
      'stream ended by a fault of the server',
    );
    this.fail('internal-server-error');
  }

  private enqueue(piece: string): void {
    this.outbox.add(piece);
    if (this.outbox.length > this.context.options.limits.outputBytes) this.block('congested');
  }

  private flush(): void {
    try {
      if (this.writable) this.phase.beforeFlush();
      this.writeOut();
    } catch (error) {
      this.onFault(error);
    }
  }

  private writeOut(): void {
    if (this.outbox.length === 0 || this.gone) return;
    if (!this.wire.write(this.outbox.take())) this.block('congested');
    else if (this.congested) this.unblock('congested');
  }
}
