import type { MqttClient, SubscriptionVerdict, TopicBound } from '@carillon/mqtt-broker';
import type { AccessList, Subject } from './access/access-list.js';
import { sameHash } from './access/password-hash.js';
import { type MqttPrincipal, parseIdentity, principalOf, subjectOf } from './access/principal.js';
import type { Users } from './access/users-file.js';
import { eventsTopic, isDeviceTopic, isOwnFilter } from './mqtt-topics.js';

/** What the operator's files say. */
export interface MqttAccessRules {
  /** Who else may log in, beside devices. */
  readonly users?: Users | undefined;
  /** Without one, users have no topics, and anonymous clients all but those of devices. */
  readonly list?: AccessList | undefined;
}

/** Who may use which topics: a device its own, everybody what the access list grants. */
export class MqttAccess {
  private rules: MqttAccessRules = {};

  setRules(rules: MqttAccessRules): void {
    this.rules = rules;
  }

  get users(): Users | undefined {
    return this.rules.users;
  }

  mayPublish(client: MqttClient, topic: string): boolean {
    const principal = principalOf(client);
    if (isDeviceTopic(topic)) return topic === ownEvents(principal);
    if (this.unbounded(principal)) return true;
    return this.rules.list?.mayWrite(subjectOf(principal), topic) ?? false;
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

  /** By the access list of the day: it outlives the connection with the session's subscriptions. */
  reads(subject: Subject): TopicBound {
    return (topic) => this.rules.list?.mayRead(subject, topic) ?? false;
  }

  /** Whether the users file still says what it said when this client logged in. */
  stillIs(client: MqttClient): boolean {
    const principal = principalOf(client);
    if (principal.kind !== 'user') return true;
    const hash = this.rules.users?.get(principal.subject.username!);
    return hash !== undefined && sameHash(hash, principal.hash);
  }

  private mayHave(
    kind: MqttPrincipal['kind'],
    subject: Subject,
    filter: string,
    only: TopicBound,
  ): SubscriptionVerdict {
    if (kind === 'device' && isOwnFilter(filter, subject.clientId)) return true;
    if (this.unbounded({ kind })) return true;
    const granted = this.rules.list?.maySubscribe(subject, filter) ?? false;
    return granted && { only };
  }

  private unbounded({ kind }: Pick<MqttPrincipal, 'kind'>): boolean {
    return kind === 'anonymous' && this.rules.list === undefined;
  }
}

const ownEvents = (principal: MqttPrincipal): string | undefined =>
  principal.kind === 'device' ? eventsTopic(principal.login.id) : undefined;
