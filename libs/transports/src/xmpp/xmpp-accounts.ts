import type { AccountChange, AccountRefusal, DeviceAccounts, DeviceLogin } from '@carillon/domain';
import type {
  AccountOutcome,
  RegistrationRequest,
  XmppServerHooks,
  XmppSession,
} from '@carillon/xmpp-server';
import type { TransportLogger } from '../transport-context.js';

/** The stanza error of each refusal. */
const CONDITIONS = {
  invalid: 'not-acceptable',
  forbidden: 'forbidden',
  conflict: 'conflict',
  'not-allowed': 'not-allowed',
  'too-many': 'resource-constraint',
} as const satisfies Record<AccountRefusal, string>;

/** Never a condition that a client could take for the end of its identity. */
const NOT_NOW: AccountOutcome = {
  ok: false,
  reason: 'internal-server-error',
  type: 'wait',
  text: 'try again later',
};

type AccountHooks = Required<
  Pick<XmppServerHooks, 'register' | 'changePassword' | 'removeAccount' | 'setAlias' | 'setTags'>
>;

const loginOf = (session: XmppSession): DeviceLogin => session.principal as DeviceLogin;

/** What clients do about their own accounts: XEP-0077, and the alias and tags of androidpn's forks. */
export class XmppAccounts {
  /** Sessions that asked for the end of their account: they are answered before they end (XEP-0077 §3.2). */
  private readonly leaving = new WeakSet<XmppSession>();

  constructor(
    private readonly accounts: DeviceAccounts,
    private readonly logger: TransportLogger,
    /** Ends the device's sessions whose credentials hold no more. */
    private readonly endRevoked: (deviceId: string) => void,
  ) {}

  isLeaving(session: XmppSession): boolean {
    return this.leaving.has(session);
  }

  hooks(): AccountHooks {
    return {
      register: (request) => this.register(request),
      changePassword: (session, password) => this.changePassword(session, password),
      removeAccount: (session) => this.removeAccount(session),
      setAlias: (session, alias) =>
        this.attempt(loginOf(session), (login) => this.accounts.setAlias(login, alias)),
      setTags: (session, tags) =>
        this.attempt(loginOf(session), (login) => this.accounts.setTags(login, tags)),
    };
  }

  private register({ username, password, key, peer }: RegistrationRequest): Promise<AccountOutcome> {
    const form = { deviceId: username, password, key, address: peer.address };
    return this.attempt({ id: username }, () => this.accounts.register(form));
  }

  /** The session that asked goes on, as one of the new password; the device's others end. */
  private changePassword(session: XmppSession, password: string): Promise<AccountOutcome> {
    return this.attempt(loginOf(session), async (login) => {
      const change = await this.accounts.changePassword(login, password);
      if (!change.ok) return change;
      Object.assign(login, { credentials: change.credentials });
      await this.accounts.endConnections(login.id);
      return change;
    });
  }

  /** A revocation that was passed over meanwhile is made up for when the account stays. */
  private async removeAccount(session: XmppSession): Promise<AccountOutcome> {
    this.leaving.add(session);
    const outcome = await this.attempt(loginOf(session), (login) => this.accounts.remove(login));
    if (outcome.ok) return outcome;
    this.leaving.delete(session);
    this.endRevoked(loginOf(session).id);
    return outcome;
  }

  private async attempt<L extends { readonly id: string }>(
    login: L,
    work: (login: L) => Promise<AccountChange>,
  ): Promise<AccountOutcome> {
    try {
      const outcome = await work(login);
      return outcome.ok ? outcome : { ok: false, reason: CONDITIONS[outcome.reason], text: outcome.detail };
    } catch (error) {
      this.logger.warn({ deviceId: login.id, error: String(error) }, 'an account could not be changed');
      return NOT_NOW;
    }
  }
}
