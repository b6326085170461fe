import type { Duplex } from 'node:stream';
import { type BoshGate, ConnectionManager } from './bosh/connection-manager.js';
import type { BoshResponse } from './bosh/response.js';
import type { AccountNews, PeerInfo, XmppSession } from './hooks.js';
import { bareJid, parseJid } from './jid/jid.js';
import { resolveOptions, type ResolvedOptions, type XmppServerOptions } from './options.js';
import type { ServerContext } from './server-context.js';
import { tellNodeNews } from './features/pep-events.js';
import { KnownCapabilities } from './features/xep-0115-client-capabilities.js';
import { tellWatchers } from './features/xep-0191-blocking.js';
import { FailureDelays } from './sasl/failure-delays.js';
import { SessionRegistry } from './session/session-registry.js';
import { StreamKeeper } from './session/stream-keeper.js';
import { StanzaParser, type NamespaceScope } from './stanza/stanza-parser.js';
import { Connection } from './stream/connection.js';
import { FlushQueue } from './stream/flush-queue.js';
import { NS } from './stream/namespaces.js';
import { Negotiation } from './stream/negotiation.js';
import { atOnce, type StoppingSteps } from './stopping-steps.js';
import type { StreamErrorCondition } from './stream/stream-error.js';
import type { FramedSocket } from './stream/websocket-wire.js';

/**
 * The device side of an XMPP server, without listeners: whoever owns the sockets attaches them. State beyond sessions (accounts, pushes)
 * belongs to the hooks.
 */
export class XmppServer {
  private readonly context: ServerContext;
  private readonly connections = new Set<Connection>();
  private readonly manager: ConnectionManager;
  private sweeper: NodeJS.Timeout | undefined;
  private stopping: StreamErrorCondition | undefined;
  private onEmpty: (() => void) | undefined;

  constructor(options: XmppServerOptions) {
    const resolved = resolveOptions(options);
    const { attributes } = resolved.limits;
    const client = new StanzaParser({ '': NS.client, stream: NS.streams }, attributes);
    this.context = {
      options: resolved,
      flushes: new FlushQueue(),
      sessions: new SessionRegistry(resolved.limits),
      streams: options.streams && new StreamKeeper(options.streams, resolved),
      failureDelays: new FailureDelays(resolved.addressBlock),
      capabilities: new KnownCapabilities(),
      parsers: {
        client,
        bare: new StanzaParser({}, attributes),
        bosh: new StanzaParser({ '': NS.client, stream: NS.streams, xmpp: NS.xbosh }, attributes),
      },
      parserFor: (scope) => (scope ? new StanzaParser(withoutReserved(scope), attributes) : client),
      notify: (call) => this.notify(call),
      onConnectionGone: (connection) => this.forget(connection),
    };
    this.manager = new ConnectionManager(this.context, (link, peer) =>
      this.admit(Connection.overRequests(this.context, link, peer)),
    );
  }

  get connectionCount(): number {
    return this.connections.size;
  }

  /** Starts looking for timeouts. */
  start(): void {
    this.sweeper ??= setInterval(() => this.sweep(), this.options.limits.sweepIntervalMs).unref();
  }

  /** Takes over a byte stream: TCP, or TLS that is already up (`peer.secure`). */
  attach(stream: Duplex, peer: PeerInfo): void {
    this.admit(Connection.overBytes(this.context, stream, peer));
  }

  /** Takes over a WebSocket of sub-protocol `xmpp` (RFC 7395). */
  attachWebSocket(socket: FramedSocket, peer: PeerInfo): void {
    this.admit(Connection.overMessages(this.context, socket, peer));
  }

  /**
   * Takes the body of a POST (XEP-0124, XEP-0206). The answer may take as long as the client agreed to wait.
   * @returns undefined when the request's HTTP connection was gone before
   */
  onBoshRequest(body: Buffer, peer: PeerInfo, gate: BoshGate): Promise<BoshResponse | undefined> {
    return this.manager.handle(body, peer, gate);
  }

  /** By full JID, or by bare JID the best available resource. */
  session(jid: string): XmppSession | undefined {
    const parsed = parseJid(jid);
    if (!parsed || parsed.domain !== this.options.domain) return undefined;
    const { sessions } = this.context;
    const bare = bareJid(parsed);
    return parsed.resource === '' ? sessions.best(bare) : sessions.byFullJid(bare, parsed.resource);
  }

  /** Every session of an account, also unavailable and detached ones. */
  sessionsOf(bare: string): readonly XmppSession[] {
    return this.context.sessions.ofAccount(bare);
  }

  /** Tells the sessions of an account what one of its sessions on another server did (`onAccountNews`). */
  async tellAccount(bare: string, news: AccountNews): Promise<void> {
    const jid = parseJid(bare);
    if (!jid) return;
    if ('node' in news) await tellNodeNews(this.context, bareJid(jid), jid.local, news);
    else tellWatchers(this.context, bareJid(jid), news);
  }

  /** Ends a session, or all sessions of a bare JID. False when there is none. */
  disconnect(target: XmppSession | string, condition: StreamErrorCondition): boolean {
    if (typeof target !== 'string') {
      target.disconnect(condition);
      return true;
    }
    const jid = parseJid(target);
    if (!jid) return false;
    const { sessions } = this.context;
    const found = sessions
      .ofAccount(bareJid(jid))
      .filter((s) => jid.resource === '' || s.jid.resource === jid.resource);
    for (const session of found) session.disconnect(condition);
    return found.length > 0;
  }

  /**
   * Ends every stream with an error, waits for the peers, and cuts off who has not left by the deadline. New connections get the same error.
   * With another host, clients over TCP are told to go there (`see-other-host`).
   * With a store of streams, what the condition `system-shutdown` ends may be resumed on another server.
   */
  async stop(
    condition: StreamErrorCondition,
    deadlineMs: number,
    inSteps: StoppingSteps = atOnce,
    otherHost?: string,
  ): Promise<void> {
    this.stopping = condition;
    this.context.sessions.endDetached();
    const deadline = Date.now() + deadlineMs;
    for await (const some of inSteps([...this.connections], deadlineMs))
      for (const connection of some) connection.shutDown(condition, otherHost);
    if (this.connections.size > 0) await this.untilEmpty(Math.max(0, deadline - Date.now()));
    for (const connection of this.connections) connection.destroy();
    clearInterval(this.sweeper);
    this.sweeper = undefined;
    await this.context.streams?.flush();
  }

  private get options(): ResolvedOptions {
    return this.context.options;
  }

  private admit(connection: Connection): void {
    connection.phase = new Negotiation(connection);
    this.connections.add(connection);
    if (this.stopping) connection.fail(this.stopping);
    else if (this.connections.size > this.options.limits.connections) connection.fail('resource-constraint');
  }

  private forget(connection: Connection): void {
    this.connections.delete(connection);
    if (this.connections.size === 0) this.onEmpty?.();
  }

  private notify(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.options.logger.error({ err: error }, 'a hook failed');
    }
  }

  private untilEmpty(deadlineMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, deadlineMs);
      this.onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private sweep(): void {
    const now = Date.now();
    for (const connection of this.connections) connection.sweep(now);
    this.manager.sweep(now);
    this.context.sessions.sweep(now);
  }
}

function withoutReserved(scope: NamespaceScope): NamespaceScope {
  const { xml: _xml, xmlns: _xmlns, ...rest } = scope;
  return rest;
}
