import type { AccountOutcome, RegistrationRequest } from '../hooks.js';
import { prepareLocal } from '../jid/jid.js';
import type { Element } from '../stanza/element.js';
import { escapeXml } from '../stanza/escape.js';
import { NS } from '../stream/namespaces.js';
import type { Session } from '../session/session.js';
import type { Feature, IqReply, IqRequest } from './feature.js';

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

/** What the owner of the accounts decided, as the answer to an IQ. */
export function refusalOf(outcome: AccountOutcome): IqReply {
  return outcome.ok ? '' : { error: outcome.reason, type: outcome.type, text: outcome.text };
}

/** After log-in: who one is, a new password, the end of the account. The owner of the accounts says who may. */
export const registered: Feature = {
  iq: [
    {
      type: 'get',
      name: 'query',
      ns: NS.register,
      at: ['account', 'server'],
      handle: ({ session }): IqReply =>
        `<query xmlns='${NS.register}'><registered/><username>${escapeXml(session.jid.local)}</username><password/></query>`,
    },
    {
      type: 'set',
      name: 'query',
      ns: NS.register,
      at: ['account', 'server'],
      handle: (request) => (asksForRemoval(request) ? removeAccount(request) : changePassword(request)),
    },
  ],
};

const asksForRemoval = ({ payload }: IqRequest): boolean =>
  payload.child('remove', NS.register) !== undefined;

/** The result goes out first, then every stream of the account ends (XEP-0077 §3.2). */
async function removeAccount({ session, payload }: IqRequest): Promise<IqReply> {
  if (payload.elements.length > 1) return { error: 'bad-request', text: 'remove stands alone' };
  const removal = session.hooks.removeAccount?.(session);
  if (!removal) return { error: 'not-allowed' };
  const outcome = await removal;
  if (outcome.ok) setImmediate(() => endSessions(session));
  return refusalOf(outcome);
}

function endSessions({ context, bare }: Session): void {
  for (const session of context.sessions.ofAccount(bare)) session.disconnect('not-authorized');
}

/** Of one's own account alone (XEP-0077 §3.3). */
async function changePassword({ session, payload }: IqRequest): Promise<IqReply> {
  const username = payload.childText('username');
  const password = payload.childText('password');
  if (!username || !password) return { error: 'bad-request', text: 'user name and password are due' };
  if (prepareLocal(username) !== session.jid.local) return { error: 'not-allowed' };
  const change = session.hooks.changePassword?.(session, password);
  return change ? refusalOf(await change) : { error: 'not-allowed' };
}
