import { randomUUID } from 'node:crypto';
import { DEVICE_ID, type DeviceLogin } from '@carillon/domain';
import type {
  AuthenticationOutcome,
  ConnectRequest,
  MqttClient,
  SubscriptionVerdict,
  TopicBound,
} from '@carillon/mqtt-broker';
import type { TransportContext } from '../transport-context.js';
import type { AccessList, Subject } from './access/access-list.js';
import { type PasswordHash, sameHash, verifyPassword } from './access/password-hash.js';
import type { Users } from './access/users-file.js';
import { eventsTopic, isDeviceTopic, isOwnFilter } from './mqtt-topics.js';

/** What the operator's files say. */
export interface MqttAccessRules {
  /** Who else may log in, beside devices. */
  readonly users?: Users | undefined;
  /** Without one, users have no topics, and anonymous clients all but those of devices. */
  readonly list?: AccessList | undefined;
}

/** Who a client is: a device, a user of the users file, or anyone on an open broker. */
export type MqttPrincipal =
  | { readonly kind: 'device'; readonly login: DeviceLogin; readonly mayRead: TopicBound }
  | {
      readonly kind: 'user';
      readonly hash: PasswordHash;
      readonly subject: Subject;
      readonly mayRead: TopicBound;
    }
  | { readonly kind: 'anonymous'; readonly subject: Subject; readonly mayRead: TopicBound };

export const principalOf = (client: MqttClient): MqttPrincipal => client.principal as MqttPrincipal;

export const loginOf = (client: MqttClient): DeviceLogin | undefined => {
  const principal = principalOf(client);
  return principal.kind === 'device' ? principal.login : undefined;
};

/** Who may connect, and to which topics: a device to its own, everybody to what the access list grants. */
export class MqttAccess {
  private rules: MqttAccessRules = {};

  constructor(
    private readonly context: TransportContext,
    private readonly anonymous: boolean,
  ) {}

  setRules(rules: MqttAccessRules): void {
    this.rules = rules;
  }

  async authenticate(request: ConnectRequest): Promise<AuthenticationOutcome> {
    const { username, password } = request;
    if (username === undefined && password === undefined) return this.authenticateAnonymous(request);
    if (username === undefined || password === undefined) return { ok: false, reason: 'bad-credentials' };
    const hash = this.rules.users?.get(username);
    if (hash) return this.authenticateUser(request, username, password, hash);
    return this.authenticateDevice(request, username, password);
  }

  mayPublish(client: MqttClient, topic: string): boolean {
    const principal = principalOf(client);
    if (isDeviceTopic(topic)) return topic === ownEvents(principal);
    if (this.unbounded(principal)) return true;
    return this.rules.list?.mayWrite(subjectOf(principal), topic) ?? false;
  }

  maySubscribe(client: MqttClient, filter: string): SubscriptionVerdict {
    const principal = principalOf(client);
    if (principal.kind === 'device' && isOwnFilter(filter, principal.login.id)) return true;
    if (this.unbounded(principal)) return true;
    const granted = this.rules.list?.maySubscribe(subjectOf(principal), filter) ?? false;
    return granted && { only: principal.mayRead };
  }

  /** Whether the users file still says what it said when this client logged in. */
  stillIs(client: MqttClient): boolean {
    const principal = principalOf(client);
    if (principal.kind !== 'user') return true;
    const hash = this.rules.users?.get(principal.subject.username!);
    return hash !== undefined && sameHash(hash, principal.hash);
  }

  private unbounded({ kind }: MqttPrincipal): boolean {
    return kind === 'anonymous' && this.rules.list === undefined;
  }

  private authenticateAnonymous({ clientId }: ConnectRequest): AuthenticationOutcome {
    if (!this.anonymous) return { ok: false, reason: 'not-authorized' };
    const subject = { username: undefined, clientId };
    const principal: MqttPrincipal = { kind: 'anonymous', subject, mayRead: this.reads(subject) };
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
    const principal: MqttPrincipal = { kind: 'user', hash, subject, mayRead: this.reads(subject) };
    return { ok: true, principal, clientId: sessionId(username, clientId) };
  }

  private async authenticateDevice(
    { clientId }: ConnectRequest,
    username: string,
    password: Buffer,
  ): Promise<AuthenticationOutcome> {
    if (!DEVICE_ID.test(username)) return { ok: false, reason: 'bad-credentials' };
    const login = await this.verify(username, password.toString('utf8'));
    if (login === 'unavailable') return { ok: false, reason: 'server-unavailable' };
    if (!login) return { ok: false, reason: 'bad-credentials' };
    if (clientId !== '' && clientId !== login.id) return { ok: false, reason: 'identifier-rejected' };
    const mayRead = this.reads({ username: login.id, clientId: login.id });
    return {
      ok: true,
      principal: { kind: 'device', login, mayRead } satisfies MqttPrincipal,
      clientId: login.id,
    };
  }

  /** By the access list of the day: it outlives the connection with the session's subscriptions. */
  private reads(subject: Subject): TopicBound {
    return (topic) => this.rules.list?.mayRead(subject, topic) ?? false;
  }

  private async verify(deviceId: string, token: string): Promise<DeviceLogin | undefined | 'unavailable'> {
    try {
      return await this.context.authenticator.verify(deviceId, token);
    } catch (error) {
      this.context.logger.warn({ deviceId, error: String(error) }, 'a login could not be checked');
      return 'unavailable';
    }
  }
}

/**
 * Sessions of users and of anonymous clients have names of their own: whatever client id such a client takes, it never gets the session of
 * a device or of another user. Neither user names nor device ids have a colon.
 */
function sessionId(username: string, clientId: string): string {
  const prefix = `${username}:`;
  return clientId.startsWith(prefix) ? clientId : `${prefix}${clientId || randomUUID()}`;
}

const subjectOf = (principal: MqttPrincipal): Subject =>
  principal.kind === 'device'
    ? { username: principal.login.id, clientId: principal.login.id }
    : principal.subject;

const ownEvents = (principal: MqttPrincipal): string | undefined =>
  principal.kind === 'device' ? eventsTopic(principal.login.id) : undefined;
