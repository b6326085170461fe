import { DEVICE_ID, type DeviceLogin } from '@carillon/domain';
import type { AuthenticationOutcome, ConnectRequest, ScramLookup, TopicBound } from '@carillon/mqtt-broker';
import { scramCredentials } from '../scram-credentials.js';
import type { TransportContext } from '../transport-context.js';
import type { Subject } from './access/access-list.js';
import { type PasswordHash, verifyPassword } from './access/password-hash.js';
import { type MqttPrincipal, sessionId } from './access/principal.js';
import type { Users } from './access/users-file.js';

/** What a login takes from the rules of the day. */
export interface LoginRules {
  readonly users: Users | undefined;
  /** Asked for as long as the client's session lives. */
  reads(subject: Subject): TopicBound;
}

/** Who may connect, by password or by SCRAM-SHA-256: devices, users, and on an open broker everybody. */
export class MqttLogins {
  constructor(
    private readonly context: TransportContext,
    private readonly anonymous: boolean,
    private readonly rules: LoginRules,
  ) {}

  async authenticate(request: ConnectRequest): Promise<AuthenticationOutcome> {
    const { username, password } = request;
    if (username === undefined && password === undefined) return this.authenticateAnonymous(request);
    if (username === undefined || password === undefined) return { ok: false, reason: 'bad-credentials' };
    const hash = this.rules.users?.get(username);
    if (hash) return this.authenticateUser(request, username, password, hash);
    return this.authenticateDevice(request, username, password);
  }

  /** A device's keys. The hashes of the users file cannot serve SCRAM: such a user is as unknown here as anybody. */
  async scramCredentials(username: string, { clientId }: ConnectRequest): Promise<ScramLookup> {
    if (!DEVICE_ID.test(username)) return undefined;
    const login = await this.attempt(username, () => this.context.directory.login(username));
    // Asked for all the same: who is a user should not show in the time that it takes.
    if (login === 'unavailable') return login;
    if (!login || this.rules.users?.has(username)) return undefined;
    return {
      ...scramCredentials(login.credentials.scramSha256),
      principal: this.deviceOf(login),
      clientId: login.id,
      refusal: mayCallItself(login, clientId) ? undefined : 'identifier-rejected',
    };
  }

  private authenticateAnonymous({ clientId }: ConnectRequest): AuthenticationOutcome {
    if (!this.anonymous) return { ok: false, reason: 'not-authorized' };
    const subject = { username: undefined, clientId };
    const principal: MqttPrincipal = { kind: 'anonymous', subject, mayRead: this.rules.reads(subject) };
    return { ok: true, principal, clientId: sessionId('', clientId) };
  }

  private async authenticateUser(
    { clientId }: ConnectRequest,
    username: string,
    password: Buffer,
    hash: PasswordHash,
  ): Promise<AuthenticationOutcome> {
    if (!(await verifyPassword(hash, password))) return { ok: false, reason: 'bad-credentials' };
    const subject = { username, clientId };
    const principal: MqttPrincipal = { kind: 'user', hash, subject, mayRead: this.rules.reads(subject) };
    return { ok: true, principal, clientId: sessionId(username, clientId) };
  }

  private async authenticateDevice(
    { clientId }: ConnectRequest,
    username: string,
    password: Buffer,
  ): Promise<AuthenticationOutcome> {
    if (!DEVICE_ID.test(username)) return { ok: false, reason: 'bad-credentials' };
    const token = password.toString('utf8');
    const login = await this.attempt(username, () => this.context.authenticator.verify(username, token));
    if (login === 'unavailable') return { ok: false, reason: 'server-unavailable' };
    if (!login) return { ok: false, reason: 'bad-credentials' };
    if (!mayCallItself(login, clientId)) return { ok: false, reason: 'identifier-rejected' };
    return { ok: true, principal: this.deviceOf(login), clientId: login.id };
  }

  private deviceOf(login: DeviceLogin): MqttPrincipal {
    return { kind: 'device', login, mayRead: this.rules.reads({ username: login.id, clientId: login.id }) };
  }

  private async attempt<T>(deviceId: string, ask: () => Promise<T>): Promise<T | 'unavailable'> {
    try {
      return await ask();
    } catch (error) {
      this.context.logger.warn({ deviceId, error: String(error) }, 'a login could not be checked');
      return 'unavailable';
    }
  }
}

/** A device's client id is its own id; an empty one is taken for it. */
const mayCallItself = ({ id }: DeviceLogin, clientId: string): boolean => clientId === '' || clientId === id;
