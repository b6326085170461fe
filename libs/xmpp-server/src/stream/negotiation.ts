import type { CloseCause } from '../hooks.js';
import type { Jid } from '../jid/jid.js';
import { bindFeature, bound, requestedResource } from '../features/rfc6120-bind.js';
import { rosterVersioningFeature } from '../features/rfc6121-roster.js';
import { capsFeature } from '../features/features.js';
import { registerFeature } from '../features/xep-0077-registration.js';
import { legacyAuthFeature } from '../features/xep-0078-legacy-authentication.js';
import { parseHandled, smFailed, smFeature } from '../features/xep-0198-stream-management.js';
import { csiFeature } from '../features/xep-0352-client-state.js';
import { bind2Feature } from '../features/xep-0386-bind2.js';
import { ChannelBindings } from '../sasl/channel-binding.js';
import { Mechanisms } from '../sasl/mechanisms.js';
import { mechanismsFeature, SaslNegotiator, type Identity } from '../sasl/sasl-negotiator.js';
import { Sasl2Negotiator } from '../sasl/sasl2-negotiator.js';
import { findResumable } from '../session/resumption.js';
import { Session } from '../session/session.js';
import { Element } from '../stanza/element.js';
import { errorReply, type StanzaError } from '../stanza/stanza-error.js';
import type { Connection } from './connection.js';
import { NS } from './namespaces.js';
import { AccountlessIqs } from './accountless-iqs.js';
import { concludeSasl2, type Negotiating } from './sasl2-conclusion.js';
import { StreamFault } from './stream-error.js';
import type { NegotiationPhase } from './stream-phase.js';

/** From the first stream header to a bound resource: STARTTLS, log-in, bind or resumption (RFC 6120 §4.3). */
export class Negotiation implements NegotiationPhase, Negotiating {
  private identity: Identity | undefined;
  private sasl!: SaslNegotiator;
  private sasl2!: Sasl2Negotiator;
  private mechanisms: Mechanisms | undefined;
  private accountless: AccountlessIqs | undefined;
  private elements = 0;

  constructor(readonly connection: Connection) {}

  onOpened(): void {
    this.prepareLogIn();
    this.connection.send(`<stream:features>${this.features()}</stream:features>`);
    if (!this.identity && !this.mayLogIn && !this.offersTls) {
      throw new StreamFault('policy-violation', 'encryption is required');
    }
  }

  onElement(element: Element): void | Promise<void> {
    if (++this.elements > this.connection.context.options.limits.handshakeElements) {
      throw new StreamFault('policy-violation', 'too many steps');
    }
    switch (element.ns) {
      case NS.tls:
        return this.onTls(element);
      case NS.sasl:
        return this.onSasl(element);
      case NS.sasl2:
        return this.onSasl2(element);
      case NS.sm:
        return this.onManagement(element);
      case NS.client:
        return this.onStanza(element);
      default:
        throw new StreamFault('unsupported-stanza-type');
    }
  }

  beforeFlush(): void {}

  onDrained(): void {}

  sweep(now: number): void {
    const { handshakeTimeoutMs } = this.connection.context.options.limits;
    if (now - this.connection.openedAt >= handshakeTimeoutMs) this.connection.fail('connection-timeout');
  }

  onEnded(_cause: CloseCause): void {}

  /** Binds; undefined when the account has no room for another resource. */
  bind(identity: Identity, resource: string, dialect: 'xmpp' | 'androidpn'): Session | undefined {
    const { connection } = this;
    const { sessions, options } = connection.context;
    const jid: Jid = { local: identity.username, domain: options.domain, resource };
    if (!sessions.makeRoom(`${jid.local}@${jid.domain}`, resource)) return undefined;
    const { principal } = identity;
    const session = new Session(connection.context, { jid, principal, dialect }, connection.peer);
    session.attach(connection);
    sessions.add(session);
    connection.liftLimits();
    return session;
  }

  /** A resource is bound, or the stream may go on to it, without a new stream header (XEP-0388 §2.6). */
  sendFeatures(session: Session | undefined): void {
    const features = session ? behindBinding(this.connection, session) : this.boundFeatures();
    this.connection.send(`<stream:features>${features}</stream:features>`);
  }

  /** With each stream, as TLS may have come under it. */
  private prepareLogIn(): void {
    if (this.identity) return;
    const { connection } = this;
    const { peer, secure, tls } = connection;
    const penalty = (): Promise<void> => connection.penalty();
    const log = { peer, secure, bindings: new ChannelBindings(tls), penalty };
    const mechanisms = new Mechanisms(connection.context.options, log, this.mechanisms);
    const send = (xml: string): void => connection.send(xml);
    this.mechanisms = mechanisms;
    this.sasl = new SaslNegotiator(mechanisms, { send, onAuthenticated: (who) => this.onAuthenticated(who) });
    this.sasl2 = new Sasl2Negotiator(connection.context.options, mechanisms, {
      send,
      onAuthenticated: (success) => {
        this.identity = success.identity;
        return concludeSasl2(this, success);
      },
    });
  }

  private get offersTls(): boolean {
    const { options } = this.connection.context;
    return (
      !this.connection.secure && !this.connection.framed && options.tls !== 'off' && !!options.secureContext
    );
  }

  private get mayLogIn(): boolean {
    return this.connection.secure || this.connection.context.options.tls !== 'required';
  }

  private features(): string {
    if (this.identity) return this.boundFeatures();
    return this.tlsFeature() + (this.mayLogIn ? this.logInFeatures() : '');
  }

  private boundFeatures(): string {
    const { options } = this.connection.context;
    return bindFeature + smFeature + csiFeature + rosterVersioningFeature + capsFeature(options);
  }

  private tlsFeature(): string {
    if (!this.offersTls) return '';
    return this.mayLogIn
      ? `<starttls xmlns='${NS.tls}'/>`
      : `<starttls xmlns='${NS.tls}'><required/></starttls>`;
  }

  private logInFeatures(): string {
    const { options } = this.connection.context;
    const { androidpn, registration } = options;
    const register = registration === 'closed' ? '' : registerFeature;
    const sasl = mechanismsFeature(this.mechanisms!) + this.sasl2.feature(bind2Feature);
    return sasl + register + (androidpn ? legacyAuthFeature : '');
  }

  private onTls(element: Element): void {
    if (element.name !== 'starttls') throw new StreamFault('unsupported-stanza-type');
    const { secureContext } = this.connection.context.options;
    if (this.identity || !this.offersTls || !secureContext) {
      this.connection.send(`<failure xmlns='${NS.tls}'/>`);
      return this.connection.close('policy-violation');
    }
    this.connection.startTls(secureContext());
  }

  private onSasl(element: Element): Promise<void> | void {
    if (this.identity) throw new StreamFault('policy-violation', 'logged in already');
    if (this.mayLogIn) return this.onLogIn(() => this.sasl.onElement(element));
    this.connection.send(`<failure xmlns='${NS.sasl}'><encryption-required/></failure>`);
  }

  private onSasl2(element: Element): Promise<void> | void {
    if (this.identity) throw new StreamFault('policy-violation', 'logged in already');
    if (this.mayLogIn) return this.onLogIn(() => this.sasl2.onElement(element));
    this.connection.send(`<failure xmlns='${NS.sasl2}'><encryption-required xmlns='${NS.sasl}'/></failure>`);
  }

  private onLogIn(step: () => void | Promise<void>): void | Promise<void> {
    const delay = this.connection.delayBeforeLogIn();
    return delay ? delay.then(() => (this.connection.writable ? step() : undefined)) : step();
  }

  private onAuthenticated(identity: Identity): void {
    this.identity = identity;
    this.connection.restart();
  }

  private onManagement(element: Element): void | Promise<void> {
    if (!this.identity) throw new StreamFault('not-authorized');
    if (element.name === 'resume') return this.resume(element, this.identity);
    if (element.name === 'enable') return this.connection.send(smFailed('unexpected-request'));
    throw new StreamFault('not-authorized');
  }

  /** Goes on with an earlier session of the same account, or says what of it is lost (XEP-0198 §5). */
  private async resume(element: Element, identity: Identity): Promise<void> {
    const { connection } = this;
    const h = parseHandled(element.attrs['h']);
    if (h === undefined) return connection.send(smFailed('bad-request'));
    const session = await findResumable(connection, identity, { id: element.attrs['previd'] ?? '', h });
    if (!(await session?.resume(connection, h))) connection.send(smFailed('item-not-found'));
  }

  private onStanza(stanza: Element): void | Promise<void> {
    if (stanza.name !== 'iq') throw new StreamFault('not-authorized');
    const [payload] = stanza.elements;
    if (this.identity) return this.onBind(stanza, payload, this.identity);
    const { connection } = this;
    if (!payload || !this.mayLogIn) throw new StreamFault('not-authorized');
    this.accountless ??= new AccountlessIqs(connection, (identity, resource) =>
      this.bind(identity, resource, 'androidpn'),
    );
    return this.accountless.onIq(stanza, payload);
  }

  /** Before a resource is bound nothing else may be sent (RFC 6120 §7.1). */
  private onBind(iq: Element, payload: Element | undefined, identity: Identity): void {
    if (!payload?.is('bind', NS.bind)) throw new StreamFault('not-authorized');
    if (iq.attrs['type'] !== 'set' || !iq.attrs['id']) return this.refuse(iq, { error: 'bad-request' });
    const resource = requestedResource(payload);
    if (typeof resource !== 'string') return this.refuse(iq, resource);
    const session = this.bind(identity, resource, 'xmpp');
    if (!session) return this.refuse(iq, { error: 'resource-constraint' });
    const result = new Element('iq', '', { type: 'result', id: iq.attrs['id'] }).toString();
    this.connection.send(`${result.slice(0, -2)}>${bound(session.full)}</iq>`);
    this.connection.context.options.hooks.onBound?.(session);
  }

  private refuse(iq: Element, refusal: StanzaError): void {
    const to = this.identity ? `${this.identity.username}@${this.connection.context.options.domain}` : '';
    const reply = errorReply(iq, to, refusal);
    if (reply) this.connection.send(reply);
  }
}

/** What is left to do for a client that has its resource already. */
function behindBinding(connection: Connection, session: Session): string {
  const sm = session.window.management ? '' : smFeature;
  return sm + csiFeature + rosterVersioningFeature + capsFeature(connection.context.options);
}
