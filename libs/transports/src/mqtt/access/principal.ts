import { randomUUID } from 'node:crypto';
import type { DeviceLogin } from '@carillon/domain';
import type { MqttClient, TopicBound } from '@carillon/mqtt-broker';
import type { Subject } from './access-list.js';
import type { Account } from './account.js';

/** Who a client is: a device, a user, or anyone on an open broker. */
export type MqttPrincipal =
  | { readonly kind: 'device'; readonly login: DeviceLogin; readonly mayRead: TopicBound }
  | {
      readonly kind: 'user';
      readonly account: Account;
      readonly subject: Subject;
      readonly mayRead: TopicBound;
    }
  | { readonly kind: 'anonymous'; readonly subject: Subject; readonly mayRead: TopicBound };

/** What a session remembers of its client while it is away. */
export function identityOf(principal: MqttPrincipal): string {
  const { username, clientId } = subjectOf(principal);
  return JSON.stringify([principal.kind, clientId, ...(username === undefined ? [] : [username])]);
}

export function parseIdentity(identity: string): Pick<MqttPrincipal, 'kind'> & { subject: Subject } {
  const [kind, clientId, username] = JSON.parse(identity) as [MqttPrincipal['kind'], string, string?];
  return { kind, subject: { clientId, username, isUser: kind === 'user' } };
}

export const principalOf = (client: MqttClient): MqttPrincipal => client.principal as MqttPrincipal;

export const loginOf = (client: MqttClient): DeviceLogin | undefined => {
  const principal = principalOf(client);
  return principal.kind === 'device' ? principal.login : undefined;
};

export const subjectOf = (principal: MqttPrincipal): Subject =>
  principal.kind === 'device'
    ? { username: principal.login.id, clientId: principal.login.id, isUser: false }
    : principal.subject;

/**
 * Sessions of users and of anonymous clients have names of their own: whatever client id such a client takes, it never gets the session of
 * a device or of another user. Neither user names nor device ids have a colon.
 */
export function sessionId(username: string, clientId: string): string {
  const prefix = `${username}:`;
  return clientId.startsWith(prefix) ? clientId : `${prefix}${clientId || randomUUID()}`;
}
