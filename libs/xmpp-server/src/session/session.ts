import type {
  AcknowledgedVia,
  CloseCause,
  Delivery,
  DeliveryOutcome,
  PeerInfo,
  XmppSession,
} from '../hooks.js';
import type { Contact } from '../options.js';
import type { ServerContext } from '../server-context.js';
import type { Element } from '../stanza/element.js';
import { errorReply, type StanzaError } from '../stanza/stanza-error.js';
import { escapeXml } from '../stanza/escape.js';
import type { Connection, StreamPhase } from '../stream/connection.js';
import { NS } from '../stream/namespaces.js';
import { StreamFault, type StreamErrorCondition } from '../stream/stream-error.js';
import { bareJid, fullJid, type Jid } from '../jid/jid.js';
import { ClientState, onClientState } from '../features/xep-0352-client-state.js';
import {
  ackRequest,
  parseHandled,
  smFailed,
  StreamManagement,
} from '../features/xep-0198-stream-management.js';
import { PingFence, pingRequest } from '../features/xep-0199-ping.js';
import { onIq } from './inbound-iq.js';
import { onMessage } from './inbound-message.js';
import { onPresence } from './inbound-presence.js';
import { OutboundQueue } from './outbound-queue.js';

/** Who a session belongs to and where it came in. */
export interface SessionIdentity {
  jid: Jid;
  principal: unknown;
  dialect: 'xmpp' | 'androidpn';
}

const MAX_QUEUED_REPLIES = 1024;

/** A bound resource: reads its client's stanzas, writes its deliveries, and knows which of them arrived. */
export class Session implements XmppSession, StreamPhase {
  readonly jid: Jid;
  readonly principal: unknown;
  readonly dialect: 'xmpp' | 'androidpn';
  readonly peer: PeerInfo;
  readonly bare: string;
  readonly full: string;
  readonly contact: Contact;
  readonly clientState = new ClientState();
  /** The last presence that was broadcast; undefined while unavailable. */
  presence: Element | undefined;
  priority = 0;
  management: StreamManagement | undefined;
  /** When the connection was lost, in ms; 0 while there is one. */
  detachedAt = 0;

  private connection: Connection | undefined;
  private readonly queue = new OutboundQueue();
  private fence: PingFence | undefined;
  private aliveCount = 0;
  private questionedAt = 0;
  private closed = false;

  constructor(
    readonly context: ServerContext,
    identity: SessionIdentity,
    connection: Connection,
  ) {
    this.jid = identity.jid;
    this.principal = identity.principal;
    this.dialect = identity.dialect;
    this.peer = connection.peer;
    this.bare = bareJid(identity.jid);
    this.full = fullJid(identity.jid);
    this.contact = context.options.contactOf(identity.principal);
    this.connection = connection;
    connection.phase = this;
  }

  get available(): boolean {
    return this.presence !== undefined;
  }

  get detached(): boolean {
    return this.connection === undefined && !this.closed;
  }

  get pendingCookies(): unknown[] {
    return this.queue.cookies;
  }

  get contactJid(): string {
    return `${this.contact.local}@${this.context.options.domain}`;
  }

  deliver({ id, stanza, cookie }: Delivery): DeliveryOutcome {
    const { connection } = this;
    if (!connection?.writable) return 'closed';
    const { unacknowledged, outputBytes } = this.context.options.limits;
    if (this.queue.pending >= unacknowledged || connection.pendingBytes > outputBytes) return 'window-full';
    this.releaseHeld();
    this.queue.addDelivery(id, cookie, this.management && stanza);
    connection.send(stanza);
    return 'written';
  }

  disconnect(condition: StreamErrorCondition): void {
    if (this.connection) this.connection.fail(condition);
    else this.end(condition);
  }

  /** Writes a stanza that is no delivery. Lost if there is neither a connection nor one to be expected. */
  sendStanza(stanza: string): void {
    if (this.closed) return;
    if (this.management) {
      if (this.queue.length - this.queue.pending > MAX_QUEUED_REPLIES)
        return this.disconnect('resource-constraint');
      this.queue.addStanza(stanza);
    }
    this.connection?.send(stanza);
  }

  /** Whether another client's stanza can be written without queueing beyond bounds. */
  get acceptsRouted(): boolean {
    const { connection } = this;
    return (
      connection?.writable === true && connection.pendingBytes <= this.context.options.limits.outputBytes
    );
  }

  /** Presence may wait while the client is inactive (XEP-0352); what it holds back goes before anything else. */
  sendPresence(from: string, stanza: string): void {
    if (!this.clientState.hold(from, stanza)) this.sendStanza(stanza);
  }

  releaseHeld(): void {
    for (const stanza of this.clientState.release()) this.sendStanza(stanza);
  }

  /** Answers a refused stanza, unless it is one that is never answered. */
  refuse(stanza: Element, refusal: StanzaError): void {
    const reply = errorReply(stanza, this.full, refusal);
    if (reply) this.sendStanza(reply);
  }

  onElement(element: Element): void | Promise<void> {
    this.questionedAt = 0;
    if (element.ns === NS.client) return this.onStanza(element);
    if (element.ns === NS.sm) return this.onManagement(element);
    if (element.ns === NS.csi) return onClientState(this, element);
    throw new StreamFault('unsupported-stanza-type');
  }

  beforeFlush(): void {
    const { management, connection, queue } = this;
    if (queue.pending === 0 || !connection) return;
    if (management) {
      if (management.takeRequest()) connection.send(ackRequest);
      return;
    }
    this.raiseFence(connection);
  }

  /** Asks a silent client whether it is there, and ends a connection that does not answer; the session may still be resumed. */
  sweep(now: number): void {
    const { connection } = this;
    if (!connection) return;
    if (this.queue.pending > 0 && this.management?.fellShort) this.raiseFence(connection);
    const { idleTimeoutMs, pingTimeoutMs } = this.context.options.limits;
    if (this.questionedAt > 0) {
      const since = Math.max(this.questionedAt, connection.lastInputAt);
      if (now - since >= pingTimeoutMs)
        connection.fail('connection-timeout', undefined, undefined, 'connection-lost');
    } else if (now - connection.lastInputAt >= idleTimeoutMs) {
      this.questionedAt = now;
      this.askWhetherAlive(connection);
    }
  }

  onEnded(cause: CloseCause): void {
    this.connection = undefined;
    if (cause === 'connection-lost' && this.management?.id !== undefined && !this.closed) {
      this.detachedAt = Date.now();
      this.context.sessions.onDetached(this);
      this.context.options.hooks.onDetached?.(this);
    } else {
      this.end(cause);
    }
  }

  /** Ends for good. */
  end(cause: CloseCause): void {
    if (this.closed) return;
    this.closed = true;
    const { connection } = this;
    this.connection = undefined;
    this.context.sessions.remove(this);
    this.context.options.hooks.onClosed?.(this, cause);
    if (connection?.writable && cause !== 'closed-by-client')
      connection.fail(cause === 'connection-lost' || cause === 'resumption-expired' ? 'reset' : cause);
  }

  acknowledgeById(id: string, via: AcknowledgedVia): boolean {
    return this.queue.settle(id, this.management !== undefined, (cookie) => this.acknowledged(cookie, via));
  }

  /** True when the answer was to a fence or a question of ours. */
  onPingAnswered(id: string): boolean {
    const sequence = this.fence?.pass(id);
    if (sequence === undefined) return id.startsWith('alive-');
    const settled = (cookie: unknown): void => this.acknowledged(cookie, 'ping');
    if (this.management) this.queue.settleBefore(sequence, settled);
    else this.queue.dropBefore(sequence, settled);
    this.connection?.scheduleFlush();
    return true;
  }

  /** Goes on over a new connection (XEP-0198 §5): the client handled `h` stanzas; the others are written again, in order. */
  resume(connection: Connection, h: number): void {
    const management = this.management!;
    const old = this.connection;
    this.connection = undefined;
    old?.fail('conflict', 'resumed elsewhere');
    management.onAcknowledged(h, (cookie) => this.acknowledged(cookie, 'sm'));
    this.connection = connection;
    this.detachedAt = 0;
    connection.phase = this;
    this.fence?.reset();
    management.onResumed();
    connection.send(management.resumed());
    for (const stanza of this.queue.stanzas) connection.send(stanza);
    this.context.options.hooks.onResumed?.(this);
  }

  private acknowledged(cookie: unknown, via: AcknowledgedVia): void {
    if (!this.closed) this.context.options.hooks.onDeliveryAcknowledged?.(this, cookie, via);
  }

  private onStanza(stanza: Element): void | Promise<void> {
    if (this.management) this.management.inbound++;
    stanza.attrs['from'] = this.full;
    switch (stanza.name) {
      case 'iq':
        return onIq(this, stanza);
      case 'message':
        return onMessage(this, stanza);
      case 'presence':
        return onPresence(this, stanza);
      default:
        throw new StreamFault('unsupported-stanza-type');
    }
  }

  private onManagement(element: Element): void {
    switch (element.name) {
      case 'a':
        return this.onAnswer(element);
      case 'r':
        if (this.management) this.connection?.send(this.management.answer());
        else throw new StreamFault('policy-violation', 'stream management is not enabled');
        return;
      case 'enable':
        return this.enableManagement(element);
      case 'resume':
        this.connection?.send(smFailed('unexpected-request'));
        return;
      default:
        throw new StreamFault('unsupported-stanza-type');
    }
  }

  private onAnswer(element: Element): void {
    const h = parseHandled(element.attrs['h']);
    if (h === undefined || !this.management)
      throw new StreamFault('policy-violation', 'not a valid acknowledgement');
    this.management.onAnswer();
    this.management.onAcknowledged(h, (cookie) => this.acknowledged(cookie, 'sm'));
    this.connection?.scheduleFlush();
  }

  private enableManagement(element: Element): void {
    if (this.management) return this.connection?.send(smFailed('unexpected-request'));
    const wantsResumption = element.attrs['resume'] === 'true' || element.attrs['resume'] === '1';
    const id = wantsResumption ? this.context.sessions.registerForResumption(this) : undefined;
    this.management = new StreamManagement(id, this.queue);
    const resumeSeconds = Math.floor(this.context.options.limits.resumeTimeoutMs / 1000);
    this.connection?.sendAlone(this.management.enabled(resumeSeconds));
  }

  /**
   * COMPAT: @xmpp/client 0.14 zeroes its count a moment after `<enabled/>`, so that it may stay short for ever; deliveries that its count
   * never reaches are proved by a fence as well.
   */
  private raiseFence(connection: Connection): void {
    const id = (this.fence ??= new PingFence()).raise(this.queue.nextSequence);
    if (id) connection.send(pingRequest(id, this.context.options.domain, escapeXml(this.full)));
  }

  private askWhetherAlive(connection: Connection): void {
    if (this.management) {
      connection.send(ackRequest);
    } else {
      const id = `alive-${++this.aliveCount}`;
      connection.send(pingRequest(id, this.context.options.domain, escapeXml(this.full)));
    }
  }
}
