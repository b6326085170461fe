import {
  type ConnectionNotice,
  type DeviceAccounts,
  type DeviceLogin,
  type DispatchBatch,
  loggedIn,
} from '@carillon/domain';
import {
  type AccountNews,
  type AccountStore,
  type AcknowledgedVia,
  type AuthenticationOutcome,
  type AuthenticationRequest,
  type CertificateOutcome,
  type CertificateRequest,
  type FastHooks,
  type ScramLookup,
  type ScramMechanism,
  XmppServer,
  type XmppServerHooks,
  type XmppServerOptions,
  type XmppSession,
} from '@carillon/xmpp-server';
import type { OutgoingDelivery, WriteOutcome } from '../channel/device-channel.js';
import { inSteps } from '../channel/drain-steps.js';
import { DeviceLinks } from '../channel/device-links.js';
import { type InFlight, notificationIds, recordOutcome } from '../channel/device-steps.js';
import { DeliveryTransport } from '../delivery-transport.js';
import { scramCredentials } from '../scram-credentials.js';
import type { TransportContext } from '../transport-context.js';
import { AndroidpnReports } from './androidpn-reports.js';
import type { RedisArchive } from './redis-archive.js';
import { RecentContents } from './push-contents.js';
import { WakeUps } from './wake-ups.js';
import { XmppAccounts } from './xmpp-accounts.js';
import { XmppArchive } from './xmpp-archive.js';
import { authenticateCertificate } from './xmpp-certificates.js';
import { XmppEvents } from './xmpp-events.js';
import { pushDelivery } from './xmpp-push.js';

export type XmppTransportOptions = Omit<XmppServerOptions, 'hooks' | 'contact'> & {
  /** What devices may do about their own accounts. */
  readonly accounts: DeviceAccounts;
  /** What clients keep with their accounts. */
  readonly records: AccountStore;
  /** Which pushes devices were written. */
  readonly archive: RedisArchive;
  /** Brings what a client did to its device's sessions on other edges, by `hear`. */
  readonly tellOtherEdges: (deviceId: string, news: string) => Promise<void>;
  /** Tokens for quick log-ins; without it none are issued. */
  readonly fast?: FastHooks;
  /** Where clients are told to go when this edge ends: `host`, `host:port`. */
  readonly otherHost?: string;
  /** Devices may log in by a client certificate, where the listener asks for one. */
  readonly clientCertificates?: boolean;
};

const loginOf = (session: XmppSession): DeviceLogin => session.principal as DeviceLogin;

/** Pushes over the embedded XMPP server: what stands in a device's inbox goes to its session as a message stanza. */
export class XmppTransport extends DeliveryTransport {
  readonly kind = 'xmpp';
  /** Sessions that began here, and those that came back or were brought here by a resumption (XEP-0198). */
  readonly sessions = { bound: 0, resumed: 0 };
  /** The edge attaches its connections here. */
  readonly server: XmppServer;
  private readonly links: DeviceLinks<XmppSession>;
  private readonly events: XmppEvents;
  private readonly accounts: XmppAccounts;
  private readonly androidpn: AndroidpnReports;
  private readonly archive: XmppArchive;
  private readonly wakeUps: WakeUps;
  private readonly otherHost: string | undefined;
  private readonly tellOtherEdges: XmppTransportOptions['tellOtherEdges'];
  private readonly domain: string;
  private readonly contents: RecentContents;

  constructor(
    private readonly context: TransportContext,
    { accounts, archive, records, otherHost, tellOtherEdges, ...options }: XmppTransportOptions,
  ) {
    super();
    this.otherHost = otherHost;
    this.domain = options.domain;
    this.contents = new RecentContents(options.domain);
    this.events = new XmppEvents(context, options.domain);
    this.androidpn = new AndroidpnReports(context);
    this.archive = new XmppArchive(context, archive);
    this.accounts = new XmppAccounts(accounts, context.logger, (deviceId) => void this.endRevoked(deviceId));
    this.links = new DeviceLinks('xmpp', context, (session, reason) =>
      session.disconnect(reason === 'taken-over' ? 'conflict' : 'not-authorized'),
    );
    this.wakeUps = new WakeUps(context, records);
    this.tellOtherEdges = tellOtherEdges;
    this.server = new XmppServer({
      ...options,
      accountStore: records,
      keepsOfflineMessages: true,
      contact: (principal) => ({
        local: (principal as DeviceLogin).app,
        name: (principal as DeviceLogin).app,
      }),
      hooks: {
        ...this.hooks(),
        archive: this.archive,
        fast: options.fast,
        authenticateCertificate: options.clientCertificates
          ? (request) => this.authenticateCertificate(request)
          : undefined,
      },
    });
  }

  get deviceCount(): number {
    return this.links.size;
  }

  start(): Promise<void> {
    this.server.start();
    return Promise.resolve();
  }

  deliver(batch: DispatchBatch): void {
    for (const { content, targets } of batch) for (const target of targets) this.links.hint(target, content);
  }

  notice(notice: ConnectionNotice): void {
    if (notice.reason !== 'revoked') return this.links.notice(notice);
    void this.endRevoked(notice.deviceId);
  }

  /** What a client of the device did on another edge. */
  hear(deviceId: string, news: string): void {
    this.server
      .tellAccount(`${deviceId}@${this.domain}`, JSON.parse(news) as AccountNews)
      .catch((error: unknown) => this.newsLost(deviceId, error));
  }

  reconcile(share?: number): void {
    this.links.reconcile(share);
  }

  holds(deviceId: string, epoch: number): boolean {
    return this.links.holds(deviceId, epoch);
  }

  reclaim(): Promise<void> {
    return this.links.reclaim();
  }

  async drain(deadlineMs: number): Promise<void> {
    this.wakeUps.close();
    await this.server.stop('system-shutdown', deadlineMs, inSteps, this.otherHost);
    await this.links.clear();
  }

  /** Every session but that of the client which changed the password, or ended the account, itself. When nobody can tell, all of them. */
  private async endRevoked(deviceId: string): Promise<void> {
    const sessions = this.server.sessionsOf(`${deviceId}@${this.domain}`);
    if (sessions.length === 0) return;
    const login = await this.context.directory.login(deviceId).catch(() => undefined);
    for (const session of sessions) {
      if (this.accounts.isLeaving(session)) continue;
      if (loginOf(session).credentials.tokenHash !== login?.credentials.tokenHash)
        session.disconnect('not-authorized');
    }
  }

  /** Events go to available sessions, and where this edge has the device's no other has one. */
  private spread({ jid }: XmppSession, news: AccountNews): void {
    const isEvent = 'node' in news;
    if (isEvent && this.links.of(jid.local)) return;
    this.tellOtherEdges(jid.local, JSON.stringify(news)).catch((error: unknown) =>
      this.newsLost(jid.local, error),
    );
  }

  private newsLost(deviceId: string, error: unknown): void {
    this.context.logger.warn({ deviceId, error: String(error) }, 'sessions did not hear what another did');
  }

  private hooks(): XmppServerHooks {
    return {
      ...this.accounts.hooks(),
      authenticate: (request) => this.authenticate(request),
      scramCredentials: (username, mechanism) => this.scramCredentials(username, mechanism),
      onAvailable: (session) => this.open(session),
      onUnavailable: (session) => this.close(session),
      onDetached: (session) => this.lost(session),
      onBound: () => void this.sessions.bound++,
      onResumed: (session) => void this.reopen(session),
      onClosed: (session, cause) => (cause === 'system-shutdown' ? this.close(session) : this.lost(session)),
      onDeliveryAcknowledged: (session, cookie, via) => this.acknowledged(session, cookie as InFlight, via),
      onWindowOpen: (session) => this.links.of(loginOf(session).id)?.channel.windowOpened(),
      beforeResend: (session, cookie) => this.stillOpen(session, cookie as InFlight),
      onMessage: (session, message) => this.events.message(loginOf(session), message),
      onAccountNews: (session, news) => this.spread(session, news),
      onAndroidpnEvent: (session, event) => this.androidpn.take(loginOf(session), event),
      onPosition: (session, position) => this.events.position(loginOf(session), position),
    };
  }

  private async authenticate({ username, password }: AuthenticationRequest): Promise<AuthenticationOutcome> {
    try {
      const login = await this.context.authenticator.verify(username, password);
      return login ? { ok: true, principal: login } : { ok: false, reason: 'not-authorized' };
    } catch (error) {
      this.context.logger.warn({ deviceId: username, error: String(error) }, 'a login could not be checked');
      return { ok: false, reason: 'temporary-auth-failure' };
    }
  }

  private async authenticateCertificate(request: CertificateRequest): Promise<CertificateOutcome> {
    try {
      return await authenticateCertificate(this.context.directory, request);
    } catch (error) {
      this.context.logger.warn({ error: String(error) }, 'a certificate could not be checked');
      return { ok: false, reason: 'temporary-auth-failure' };
    }
  }

  private async scramCredentials(username: string, mechanism: ScramMechanism): Promise<ScramLookup> {
    try {
      const login = await this.context.directory.login(username);
      if (!login) return undefined;
      const { scramSha1, scramSha256 } = login.credentials;
      return {
        ...scramCredentials(mechanism === 'SCRAM-SHA-1' ? scramSha1 : scramSha256),
        principal: loggedIn(login),
      };
    } catch (error) {
      this.context.logger.warn({ deviceId: username, error: String(error) }, 'a login could not be checked');
      return 'unavailable';
    }
  }

  private open(session: XmppSession, pending = notificationIds(session.pendingCookies)): void {
    const login = loginOf(session);
    this.links.open(session, login, {
      pending,
      write: (outgoing) => this.write(session, outgoing),
    });
  }

  private write(session: XmppSession, outgoing: OutgoingDelivery): WriteOutcome {
    const contents = this.contents.of(outgoing.content.contentJson, loginOf(session).app);
    const push = pushDelivery(session, contents, outgoing);
    if (!push) return 'unsupported';
    const outcome = session.deliver(push);
    if (outcome === 'written' && session.dialect === 'xmpp')
      this.archive.written(session, outgoing.notificationId, contents);
    return outcome;
  }

  /**
   * What the resumption acknowledged has to be out of the inbox before that is read; what it writes again may be acknowledged while we wait for that,
   * and is still in the inbox then.
   */
  private async reopen(session: XmppSession): Promise<void> {
    this.sessions.resumed++;
    const pending = notificationIds(session.pendingCookies);
    await this.context.receipts.flush();
    if (session.available && !session.detached) this.open(session, pending);
  }

  private close(session: XmppSession): void {
    this.links.close(loginOf(session).id, session);
  }

  /** It may have gone to sleep with deliveries under way. */
  private lost(session: XmppSession): void {
    this.close(session);
    if (session.pendingCookies.length > 0) this.wakeUps.ask(loginOf(session));
  }

  private acknowledged(session: XmppSession, { notificationId }: InFlight, via: AcknowledgedVia): void {
    const login = loginOf(session);
    recordOutcome(this.context, login, notificationId, {
      transport: this.kind,
      state: 'acknowledged',
      detail: via,
    });
  }

  /** What was acknowledged over another transport, or has expired, is not repeated. */
  private async stillOpen(session: XmppSession, { notificationId }: InFlight): Promise<boolean> {
    const delivery = await this.context.inbox.delivery(notificationId, loginOf(session).id);
    return delivery?.state === 'queued' || delivery?.state === 'written';
  }
}
