import type { MqttUserDirectory, TopicRule } from '@carillon/domain';
import type { MqttClient, SubscriptionVerdict, TopicBound } from '@carillon/mqtt-broker';
import { AccessList, type Subject } from './access/access-list.js';
import { MqttAccounts } from './access/accounts.js';
import { type MqttPrincipal, parseIdentity, principalOf, subjectOf } from './access/principal.js';
import type { Users } from './access/users-file.js';
import { eventsTopic, isDeviceTopic, isOwnFilter } from './mqtt-topics.js';

/** What the operator's files say. */
export interface MqttAccessRules {
  /** Who else may log in, beside devices and the users that were made by REST. */
  readonly users?: Users | undefined;
  /** Without one, users have the topics of their own rules alone, and anonymous clients all but those of devices. */
  readonly list?: AccessList | undefined;
}

const NO_LIST = new AccessList([], new Map(), []);

/** Who may use which topics: a device its own, everybody what the access list grants, a user what its own rules grant besides. */
export class MqttAccess {
  readonly accounts: MqttAccounts;
  private list: AccessList | undefined;

  constructor(users: MqttUserDirectory) {
    this.accounts = new MqttAccounts(users);
  }

  setRules({ users, list }: MqttAccessRules): void {
    this.accounts.setFile(users);
    this.list = list;
  }

  mayPublish(client: MqttClient, topic: string): boolean {
    const principal = principalOf(client);
    if (isDeviceTopic(topic)) return topic === ownEvents(principal);
    if (this.unbounded(principal)) return true;
    const subject = subjectOf(principal);
    return (this.list ?? NO_LIST).mayWrite(subject, topic, this.ownRules(subject));
  }

  maySubscribe(client: MqttClient, filter: string): SubscriptionVerdict {
    const principal = principalOf(client);
    return this.mayHave(principal.kind, subjectOf(principal), filter, principal.mayRead);
  }

  /** A session that waits for its client keeps what that may have. */
  mayKeep(identity: string, filter: string): SubscriptionVerdict {
    const { kind, subject } = parseIdentity(identity);
    return this.mayHave(kind, subject, filter, this.reads(subject));
  }

  /** By the rules of the day: it outlives the connection with the session's subscriptions. */
  reads(subject: Subject): TopicBound {
    return (topic) => (this.list ?? NO_LIST).mayRead(subject, topic, this.ownRules(subject));
  }

  /** Whether this client's user is there as yet, with the password that it logged in by. */
  stillIs(client: MqttClient): boolean {
    const principal = principalOf(client);
    if (principal.kind !== 'user') return true;
    const { account } = principal;
    return this.accounts.known(account.name)?.equals(account) ?? false;
  }

  private ownRules({ isUser, username }: Subject): readonly TopicRule[] {
    return isUser && username !== undefined ? this.accounts.rulesOf(username) : [];
  }

  private mayHave(
    kind: MqttPrincipal['kind'],
    subject: Subject,
    filter: string,
    only: TopicBound,
  ): SubscriptionVerdict {
    if (kind === 'device' && isOwnFilter(filter, subject.clientId)) return true;
    if (this.unbounded({ kind })) return true;
    const granted = (this.list ?? NO_LIST).maySubscribe(subject, filter, this.ownRules(subject));
    return granted && { only };
  }

  private unbounded({ kind }: Pick<MqttPrincipal, 'kind'>): boolean {
    return kind === 'anonymous' && this.list === undefined;
  }
}

const ownEvents = (principal: MqttPrincipal): string | undefined =>
  principal.kind === 'device' ? eventsTopic(principal.login.id) : undefined;
