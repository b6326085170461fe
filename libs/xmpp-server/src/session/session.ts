import { ackRequest } from '../features/xep-0198-stream-management.js';
import { pingRequest } from '../features/xep-0199-ping.js';
import { onClientState } from '../features/xep-0352-client-state.js';
import type {
  AccountNews,
  AcknowledgedVia,
  CloseCause,
  Delivery,
  DeliveryOutcome,
  XmppSession,
} from '../hooks.js';
import type { Element } from '../stanza/element.js';
import { escapeXml } from '../stanza/escape.js';
import { errorReply, type StanzaError } from '../stanza/stanza-error.js';
import type { Connection } from '../stream/connection.js';
import { NS } from '../stream/namespaces.js';
import { StreamFault, type StreamErrorCondition } from '../stream/stream-error.js';
import { RETIRED, type StreamPhase } from '../stream/stream-phase.js';
import { DeliveryWindow } from './delivery-window.js';
import { announceGone } from './inbound-presence.js';
import { onStanza } from './inbound-stanza.js';
import { Liveness } from './liveness.js';
import { SessionState } from './session-state.js';
import { onManagement } from './stream-management-handler.js';

const MAX_QUEUED_REPLIES = 1024;
const ALIVE_ID = 'alive';

/** A bound resource: reads its client's stanzas, writes its deliveries, and knows which of them arrived. */
export class Session extends SessionState implements XmppSession, StreamPhase {
  readonly window = new DeliveryWindow((cookie, via) => this.onAcknowledged(cookie, via));

  private connection: Connection | undefined;
  /** The connection that is about to go on with this session. */
  private successor: Connection | undefined;
  private windowFull = false;
  private claimedElsewhere = false;
  private readonly liveness = new Liveness();
  private closed = false;

  /** Reads and writes over this connection from now on. */
  attach(connection: Connection): void {
    this.connection = connection;
    this.successor = undefined;
    this.peer = connection.peer;
    connection.phase = this;
  }

  get detached(): boolean {
    return this.connection === undefined && !this.closed;
  }

  get pendingCookies(): unknown[] {
    return this.window.cookies;
  }

  deliver({ id, stanza, cookie }: Delivery): DeliveryOutcome {
    const { connection } = this;
    if (!connection?.writable) return 'closed';
    if (!this.hasRoom(connection)) {
      this.windowFull = true;
      return 'window-full';
    }
    this.sendHeld();
    this.window.addDelivery(id, cookie, stanza);
    this.onChanged();
    connection.send(stanza);
    return 'written';
  }

  /** What another server needs to know has changed. */
  onChanged(): void {
    if (this.window.management?.id !== undefined && !this.closed) this.context.streams?.mark(this);
  }

  /** Another server goes on with this session. */
  onClaimedElsewhere(): void {
    if (this.closed) return;
    this.claimedElsewhere = true;
    this.disconnect('conflict');
  }

  disconnect(condition: StreamErrorCondition): void {
    if (this.connection) this.connection.fail(condition);
    else this.end(condition);
  }

  /** Writes a stanza that is no delivery; while detached it waits for the resumption. */
  sendStanza(stanza: string): void {
    this.sendHeld();
    this.write(stanza);
  }

  /** Writes a stanza that may wait while nobody looks at the client (XEP-0352): the newest of its subject is enough. */
  sendWhenSeen(subject: string, stanza: string): void {
    if (!this.clientState.hold(subject, stanza)) this.write(stanza);
    else if (this.clientState.isFull) this.sendHeld();
  }

  /** Somebody looks at the client again. */
  wake(): void {
    for (const held of this.clientState.wake()) this.write(held);
  }

  private sendHeld(): void {
    for (const held of this.clientState.release()) this.write(held);
  }

  private write(stanza: string): void {
    if (this.closed) return;
    if (this.hoards) return this.disconnect('resource-constraint');
    this.window.addReply(stanza);
    this.onChanged();
    this.connection?.send(stanza);
  }

  /** Writes what stream management does not count. */
  sendNonza(xml: string): void {
    this.connection?.send(xml);
  }

  /** The same, to be read before anything that follows. */
  sendAlone(xml: string): void {
    this.connection?.sendAlone(xml);
  }

  /** Whether another client's stanza can be written without queueing beyond bounds. */
  get acceptsRouted(): boolean {
    const { connection } = this;
    return (
      connection?.writable === true && connection.pendingBytes <= this.context.options.limits.outputBytes
    );
  }

  /** For the account's sessions on other servers. */
  tellOwner(news: AccountNews): void {
    this.context.notify(() => this.hooks.onAccountNews?.(this, news));
  }

  /** Answers a refused stanza, unless it is one that is never answered. */
  refuse(stanza: Element, refusal: StanzaError): void {
    const reply = errorReply(stanza, this.full, refusal);
    if (reply) this.sendStanza(reply);
  }

  onElement(element: Element): void | Promise<void> {
    if (element.ns === NS.client) return onStanza(this, element);
    if (element.ns === NS.sm) return onManagement(this, element);
    if (element.ns === NS.csi) return onClientState(this, element);
    throw new StreamFault('unsupported-stanza-type');
  }

  beforeFlush(): void {
    this.sendProof(this.window.nextProof());
  }

  onDrained(): void {
    this.openWindow();
  }

  /** After an acknowledgement there may be more to ask for. */
  askForProof(): void {
    if (this.window.pending > 0) this.connection?.scheduleFlush();
  }

  /** Asks a silent client whether it is there, and ends a connection that does not answer; the session may still be resumed. */
  sweep(now: number): void {
    const { connection } = this;
    if (!connection) return;
    if (this.window.management?.id !== undefined) this.context.streams?.keepAlive(this, now);
    this.sendProof(this.window.fallbackProof());
    const state = this.liveness.check(now, connection.lastInputAt, this.context.options.limits);
    if (state === 'ask') this.askWhetherAlive();
    else if (state === 'gone') connection.fail('connection-timeout', { cause: 'connection-lost' });
  }

  onEnded(cause: CloseCause): void {
    this.connection = undefined;
    if (this.closed) return;
    if (cause !== 'connection-lost' || this.window.management?.id === undefined) return this.end(cause);
    this.detach();
  }

  /** XEP-0352 (since 0.3): no resumption brings the state back. What was held is written with the rest then, wherever that is. */
  private detach(): void {
    this.detachedAt = Date.now();
    this.wake();
    this.onChanged();
    this.context.sessions.onDetached(this);
    if (!this.closed) this.context.notify(() => this.hooks.onDetached?.(this));
  }

  /** Ends for good. */
  end(cause: CloseCause): void {
    if (this.closed) return;
    if (cause === 'system-shutdown') this.leaveToOthers();
    else this.release();
    this.closed = true;
    this.context.sessions.remove(this);
    if (this.presence && cause !== 'system-shutdown') announceGone(this);
    this.context.notify(() => this.hooks.onClosed?.(this, cause));
  }

  /** Another server may go on with it. */
  private leaveToOthers(): void {
    this.wake();
    this.onChanged();
  }

  /** No server may resume it any more. */
  private release(): void {
    const id = this.window.management?.id;
    if (id !== undefined && !this.claimedElsewhere) this.context.streams?.release(this, id);
  }

  acknowledgeById(id: string, via: AcknowledgedVia): boolean {
    const known = this.window.acknowledgeById(id, via);
    if (known) this.openWindow();
    return known;
  }

  /** The client handled `h` stanzas. @throws StreamFault */
  acknowledgeCount(h: number): void {
    this.window.acknowledgeCount(h);
    this.openWindow();
    this.askForProof();
  }

  /** True when the answer was to a fence or a question of ours. */
  onPingAnswered(id: string): boolean {
    if (id === ALIVE_ID) return true;
    if (!this.window.passFence(id)) return false;
    this.openWindow();
    this.askForProof();
    return true;
  }

  /**
   * Goes on over a new connection (XEP-0198 §5): the client handled `h` stanzas; the others are written again, in order.
   * @param announce sends `<resumed/>`, before anything else
   * @returns false when the session ended meanwhile, or went to yet another connection
   * @throws StreamFault when `h` is more than was sent; nothing has changed then
   */
  async resume(
    connection: Connection,
    h: number,
    announce = (resumed: string): void => connection.send(resumed),
  ): Promise<boolean> {
    this.window.acknowledgeCount(h);
    this.leaveConnection();
    this.successor = connection;
    await this.window.withdrawUnless((cookie) => this.isWanted(cookie));
    if (this.closed || this.successor !== connection) return false;
    if (connection.writable) this.goOn(connection, announce);
    return true;
  }

  private leaveConnection(): void {
    const old = this.connection;
    if (!old) return;
    old.phase = RETIRED;
    this.connection = undefined;
    old.fail('conflict', { text: 'resumed elsewhere' });
    this.detach();
  }

  private goOn(connection: Connection, announce: (resumed: string) => void): void {
    this.context.sessions.onResumed(this);
    this.attach(connection);
    connection.liftLimits();
    announce(this.window.management!.resumed());
    for (const stanza of this.window.resume()) connection.send(stanza);
    this.windowFull = false;
    this.context.notify(() => this.hooks.onResumed?.(this));
  }

  private async isWanted(cookie: unknown): Promise<boolean> {
    try {
      return (await this.hooks.beforeResend?.(this, cookie)) ?? true;
    } catch (error) {
      this.context.options.logger.warn({ err: error, session: this.full }, 'beforeResend failed');
      return true;
    }
  }

  /** More waits for this client's acknowledgement than it may make the server hold. */
  private get hoards(): boolean {
    const { queuedReplies, queuedReplyLength } = this.window;
    return queuedReplies >= MAX_QUEUED_REPLIES || queuedReplyLength > this.context.options.limits.outputBytes;
  }

  private hasRoom(connection: Connection): boolean {
    const { unacknowledged, outputBytes } = this.context.options.limits;
    return this.window.pending < unacknowledged && connection.pendingBytes <= outputBytes;
  }

  private openWindow(): void {
    if (!this.windowFull || !this.connection?.writable || !this.hasRoom(this.connection)) return;
    this.windowFull = false;
    this.context.notify(() => this.hooks.onWindowOpen?.(this));
  }

  private onAcknowledged(cookie: unknown, via: AcknowledgedVia): void {
    if (!this.closed) this.hooks.onDeliveryAcknowledged?.(this, cookie, via);
  }

  private sendProof(proof: { request: string } | { fence: string } | undefined): void {
    if (!proof) return;
    if ('request' in proof) this.sendNonza(proof.request);
    else this.sendPing(proof.fence);
  }

  private askWhetherAlive(): void {
    if (this.window.management) this.sendNonza(ackRequest);
    else this.sendPing(ALIVE_ID);
  }

  private sendPing(id: string): void {
    this.sendStanza(pingRequest(id, this.context.options.domain, escapeXml(this.full)));
  }
}
