import { DEVICE_ID, type DeviceLogin, type KnownDevice, loggedIn, isMqttUserName } from '@carillon/domain';
import type {
  AuthenticationOutcome,
  ConnectRequest,
  PeerCertificate,
  ScramLookup,
  TopicBound,
} from '@carillon/mqtt-broker';
import { scramCredentials } from '../scram-credentials.js';
import type { TransportContext } from '../transport-context.js';
import type { Subject } from './access/access-list.js';
import type { Account } from './access/account.js';
import type { MqttAccounts } from './access/accounts.js';
import { certificateName } from './access/certificate-name.js';
import { PasswordChecks } from './access/password-checks.js';
import { type MqttPrincipal, sessionId } from './access/principal.js';

/** What a login takes from the rules of the day. */
export interface LoginRules {
  readonly accounts: MqttAccounts;
  /** Asked for as long as the client's session lives. */
  reads(subject: Subject): TopicBound;
}

/** An outcome, or `unavailable`: nobody can tell now. */
type Attempt<T> = T | 'unavailable';

const WARN_EVERY_MS = 1_000;
const wrong: AuthenticationOutcome = { ok: false, reason: 'bad-credentials' };
const unavailable: AuthenticationOutcome = { ok: false, reason: 'server-unavailable' };

/**
 * Who may connect, by password, by SCRAM-SHA-256 or by client certificate: users, devices, and on an open broker everybody. A user's
 * name comes before a device's id. Every refusal of a password costs the same lookups and one hash, so that its time does not tell who
 * is there.
 */
export class MqttLogins {
  private readonly checks = new PasswordChecks();
  private warnedAt = -Infinity;

  constructor(
    private readonly context: TransportContext,
    private readonly anonymous: boolean,
    private readonly rules: LoginRules,
  ) {}

  async authenticate(request: ConnectRequest): Promise<AuthenticationOutcome> {
    const { username, password, peer } = request;
    if (password === undefined && peer.certificate) return this.byCertificate(request, peer.certificate);
    if (username === undefined && password === undefined) return this.authenticateAnonymous(request);
    if (username === undefined || password === undefined) return wrong;
    return this.byPassword(request, username, password);
  }

  /** The keys of a user or of a device. A user of the users file has none, and is as unknown here as anybody. */
  async scramCredentials(username: string, { clientId }: ConnectRequest): Promise<ScramLookup> {
    // Both are asked for in any case: who is a user should not show in the time that it takes.
    const [account, login] = await Promise.all([this.freshAccount(username), this.directory(username)]);
    if (account === 'unavailable' || login === 'unavailable') return 'unavailable';
    if (account) {
      return account.keys && { ...scramCredentials(account.keys), ...this.asUser(account, clientId) };
    }
    if (!login) return undefined;
    return {
      ...scramCredentials(login.credentials.scramSha256),
      ...this.asDevice(login),
      refusal: mayCallItself(login, clientId) ? undefined : 'identifier-rejected',
    };
  }

  private authenticateAnonymous({ clientId }: ConnectRequest): AuthenticationOutcome {
    if (!this.anonymous) return { ok: false, reason: 'not-authorized' };
    const subject = { username: undefined, clientId, isUser: false };
    const principal: MqttPrincipal = { kind: 'anonymous', subject, mayRead: this.rules.reads(subject) };
    return { ok: true, principal, clientId: sessionId('', clientId) };
  }

  /** In place of a password; a user name that is sent all the same has to be the certificate's. */
  private async byCertificate(
    { clientId, username }: ConnectRequest,
    certificate: PeerCertificate,
  ): Promise<AuthenticationOutcome> {
    const name = certificateName(certificate);
    if (name === undefined || (username !== undefined && username !== name)) return wrong;
    const account = await this.freshAccount(name);
    if (account === 'unavailable') return unavailable;
    if (account) return { ok: true, ...this.asUser(account, clientId) };
    return this.admitted(await this.directory(name), clientId);
  }

  private async byPassword(
    request: ConnectRequest,
    username: string,
    password: Buffer,
  ): Promise<AuthenticationOutcome> {
    const known = this.rules.accounts.known(username);
    if (known) {
      const outcome = await this.asAccount(request, known, password);
      if (outcome !== wrong) return outcome;
      await this.authenticateDevice(request, username, password); // for its time alone
    } else {
      const outcome = await this.authenticateDevice(request, username, password);
      if (outcome !== wrong) return outcome;
    }
    return this.secondThought(request, username, password, known);
  }

  /** The user may be new, or have a new password, of which this edge has not heard yet. */
  private async secondThought(
    request: ConnectRequest,
    username: string,
    password: Buffer,
    known: Account | undefined,
  ): Promise<AuthenticationOutcome> {
    const fresh = await this.freshAccount(username);
    if (fresh === 'unavailable') return unavailable;
    if (fresh && !known?.equals(fresh)) return this.asAccount(request, fresh, password);
    if (known) return wrong;
    const decoy = this.rules.accounts.decoyFor(username);
    const checked = decoy && (await this.checks.run(() => decoy.verify(password)));
    return checked === 'busy' ? unavailable : wrong;
  }

  private async asAccount(
    { clientId }: ConnectRequest,
    account: Account,
    password: Buffer,
  ): Promise<AuthenticationOutcome> {
    const verified = await this.checks.run(() => account.verify(password));
    if (verified === 'busy') return unavailable;
    return verified ? { ok: true, ...this.asUser(account, clientId) } : wrong;
  }

  private async authenticateDevice(
    { clientId }: ConnectRequest,
    username: string,
    password: Buffer,
  ): Promise<AuthenticationOutcome> {
    if (!DEVICE_ID.test(username)) return wrong;
    const token = password.toString('utf8');
    const login = await this.attempt(username, () => this.context.authenticator.verify(username, token));
    return this.admitted(login, clientId);
  }

  private admitted(login: Attempt<DeviceLogin | undefined>, clientId: string): AuthenticationOutcome {
    if (login === 'unavailable') return unavailable;
    if (!login) return wrong;
    if (!mayCallItself(login, clientId)) return { ok: false, reason: 'identifier-rejected' };
    return { ok: true, ...this.asDevice(login) };
  }

  private asUser(account: Account, clientId: string): { principal: MqttPrincipal; clientId: string } {
    const subject = { username: account.name, clientId, isUser: true };
    const principal: MqttPrincipal = { kind: 'user', account, subject, mayRead: this.rules.reads(subject) };
    return { principal, clientId: sessionId(account.name, clientId) };
  }

  private asDevice(login: DeviceLogin): { principal: MqttPrincipal; clientId: string } {
    const subject = { username: login.id, clientId: login.id, isUser: false };
    return {
      principal: { kind: 'device', login: loggedIn(login), mayRead: this.rules.reads(subject) },
      clientId: login.id,
    };
  }

  private freshAccount(name: string): Promise<Attempt<Account | undefined>> {
    if (!isMqttUserName(name)) return Promise.resolve(this.rules.accounts.known(name));
    return this.attempt(name, () => this.rules.accounts.fresh(name));
  }

  private directory(name: string): Promise<Attempt<KnownDevice | undefined>> {
    if (!DEVICE_ID.test(name)) return Promise.resolve(undefined);
    return this.attempt(name, () => this.context.directory.login(name));
  }

  /** An outage is told once a second, however many want to log in meanwhile. */
  private async attempt<T>(name: string, ask: () => Promise<T>): Promise<Attempt<T>> {
    try {
      return await ask();
    } catch (error) {
      const now = performance.now();
      const level = now - this.warnedAt >= WARN_EVERY_MS ? 'warn' : 'debug';
      if (level === 'warn') this.warnedAt = now;
      this.context.logger[level]({ username: name, error: String(error) }, 'a login could not be checked');
      return 'unavailable';
    }
  }
}

/** A device's client id is its own id; an empty one is taken for it. */
const mayCallItself = ({ id }: DeviceLogin, clientId: string): boolean => clientId === '' || clientId === id;
