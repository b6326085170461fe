import type { RegistrationRequest } from '../hooks.js';
import { prepareLocal } from '../jid/jid.js';
import type { Element } from '../stanza/element.js';
import { escapeXml } from '../stanza/escape.js';
import { NS } from '../stream/namespaces.js';
import type { Feature, IqReply } from './feature.js';

export const registerFeature = `<register xmlns='${NS.registerFeature}'/>`;

/** What a client may fill in before it has an account (XEP-0077 §3.1). */
export function registrationForm(needsKey: boolean): string {
  const key = needsKey ? '<key/>' : '';
  return (
    `<query xmlns='${NS.register}'><instructions>Choose a user name and a password.</instructions>` +
    `<username/><password/>${key}</query>`
  );
}

/** Reads a filled-in form; undefined when the name or the password is missing or no such name can be. */
export function readRegistration(query: Element): Omit<RegistrationRequest, 'peer'> | undefined {
  const field = (name: string): string | undefined => query.childText(name) || undefined;
  const username = prepareLocal(field('username') ?? '');
  const password = field('password');
  if (username === undefined || username === '' || password === undefined) return undefined;
  return { username, password, key: field('key'), email: field('email'), name: field('name') };
}

/** After log-in: who one is, but neither a new password nor an end of the account, which the gateway manages (XEP-0077 §3.2, §3.3). */
export const registered: Feature = {
  iq: [
    {
      type: 'get',
      name: 'query',
      ns: NS.register,
      at: ['account', 'server'],
      handle: ({ session }): IqReply =>
        `<query xmlns='${NS.register}'><registered/><username>${escapeXml(session.jid.local)}</username></query>`,
    },
    {
      type: 'set',
      name: 'query',
      ns: NS.register,
      at: ['account', 'server'],
      handle: () => ({ error: 'not-allowed' }),
    },
  ],
};
