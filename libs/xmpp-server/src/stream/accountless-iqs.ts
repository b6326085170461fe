import { keyInHost } from '../features/androidpn.js';
import { readRegistration, refusalOf, registrationForm } from '../features/xep-0077-registration.js';
import {
  legacyFailure,
  legacyFields,
  readLegacyCredentials,
} from '../features/xep-0078-legacy-authentication.js';
import type { Identity } from '../sasl/sasl-negotiator.js';
import type { Session } from '../session/session.js';
import { Element } from '../stanza/element.js';
import { errorReply, type StanzaError } from '../stanza/stanza-error.js';
import type { Connection } from './connection.js';
import { NS } from './namespaces.js';
import { StreamFault } from './stream-error.js';

type BindLegacy = (identity: Identity, resource: string) => Session | undefined;

/** The IQs that are allowed before log-in: registration (XEP-0077) and, for androidpn, log-in by IQ (XEP-0078). */
export class AccountlessIqs {
  private registrations = 0;
  private failures = 0;
  private token: string | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly bind: BindLegacy,
  ) {}

  onIq(iq: Element, payload: Element): void | Promise<void> {
    const { type, id } = iq.attrs;
    const { options } = this.connection.context;
    if (id === undefined || (type !== 'get' && type !== 'set'))
      return this.refuse(iq, { error: 'bad-request' });
    if (payload.is('query', NS.register)) {
      return type === 'get' ? this.sendForm(iq) : this.register(iq, payload);
    }
    if (payload.is('preauth', NS.preAuth) && options.registration !== 'closed')
      return this.preAuthenticate(iq, payload);
    if (payload.is('query', NS.iqAuth) && options.androidpn) {
      return type === 'get' ? this.reply(iq, legacyFields(payload)) : this.logIn(iq, payload);
    }
    throw new StreamFault('not-authorized');
  }

  private sendForm(iq: Element): void {
    const { registration } = this.connection.context.options;
    if (registration === 'closed') return this.refuse(iq, { error: 'not-allowed' });
    this.reply(iq, registrationForm(registration === 'key'));
  }

  /** The invitation or registration key, for clients without a field for it (XEP-0445 §3.2). */
  private preAuthenticate(iq: Element, payload: Element): void {
    const { token } = payload.attrs;
    if (!token) return this.refuse(iq, { error: 'bad-request' });
    this.token = token;
    this.reply(iq, '');
  }

  private async register(iq: Element, query: Element): Promise<void> {
    const { registration, limits, hooks } = this.connection.context.options;
    if (registration === 'closed' || !hooks.register) return this.refuse(iq, { error: 'not-allowed' });
    if (++this.registrations > limits.registrationAttempts) {
      throw new StreamFault('policy-violation', 'too many registrations');
    }
    const form = readRegistration(query);
    if (!form) return this.refuse(iq, { error: 'not-acceptable' });
    const key = form.key ?? this.token ?? this.keyInHost();
    if (registration === 'key' && key === undefined) return this.refuse(iq, { error: 'forbidden' });
    const outcome = await hooks.register({ ...form, key, peer: this.connection.peer });
    const refusal = refusalOf(outcome);
    if (typeof refusal === 'string') this.reply(iq, refusal);
    else this.refuse(iq, refusal);
  }

  private keyInHost(): string | undefined {
    const { androidpn, domain } = this.connection.context.options;
    return androidpn ? keyInHost(this.connection.host, domain) : undefined;
  }

  private async logIn(iq: Element, query: Element): Promise<void> {
    const { hooks, limits } = this.connection.context.options;
    const credentials = readLegacyCredentials(query);
    if ('error' in credentials) return this.refuse(iq, credentials);
    const { username, password, resource } = credentials;
    await this.connection.delayBeforeLogIn();
    if (!this.connection.writable) return;
    const outcome = await hooks.authenticate({ username, password, peer: this.connection.peer });
    if (!this.connection.writable) return;
    if (!outcome.ok) {
      if (outcome.reason === 'not-authorized') await this.connection.penalty();
      this.refuse(iq, legacyFailure(outcome));
      if (++this.failures >= limits.saslAttempts)
        throw new StreamFault('policy-violation', 'too many failed log-ins');
      return;
    }
    const session = this.bind({ username, principal: outcome.principal }, resource);
    if (!session) return this.refuse(iq, { error: 'resource-constraint' });
    this.reply(iq, '', session.full);
    hooks.onBound?.(session);
  }

  private reply(iq: Element, payload: string, to?: string): void {
    const open = new Element('iq', '', { type: 'result', id: iq.attrs['id'], to }).toString();
    this.connection.send(payload === '' ? open : `${open.slice(0, -2)}>${payload}</iq>`);
  }

  private refuse(iq: Element, refusal: StanzaError): void {
    const reply = errorReply(iq, '', refusal);
    if (reply) this.connection.send(reply);
  }
}
