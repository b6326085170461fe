import type { AccountStore } from '../account/account-store.js';
import { blockedExtension, isBlockedBy } from '../features/xep-0191-blocking.js';
import type { MessageVerdict } from '../hooks.js';
import { positionIn } from '../features/xep-0080-location.js';
import { isChatStateAlone } from '../features/xep-0085-chat-states.js';
import { copyMessage } from '../features/xep-0280-carbons.js';
import { receiptIn, receiptFor } from '../features/xep-0184-receipts.js';
import { jsonContainer } from '../features/xep-0335-json-container.js';
import { bareJid, fullJid, parseJid, type Jid } from '../jid/jid.js';
import type { Element } from '../stanza/element.js';
import type { StanzaError } from '../stanza/stanza-error.js';
import { NS } from '../stream/namespaces.js';
import type { Session } from './session.js';

/** Receipts for the app end here; what becomes of every other message is the gateway's word. */
export function onMessage(session: Session, message: Element): void | Promise<void> {
  const received = receiptIn(message);
  if (received !== undefined && session.acknowledgeById(received, 'receipt')) return;
  const to = message.attrs['to'];
  const jid = to === undefined ? { ...session.jid, resource: '' } : parseJid(to);
  if (!jid) return session.refuse(message, { error: 'jid-malformed' });
  if (jid.domain !== session.jid.domain) return session.refuse(message, { error: 'remote-server-not-found' });
  if (received !== undefined && isForGateway(session, jid)) {
    session.hooks.onReceipt?.(session, received);
    return;
  }
  message.attrs['to'] = fullJid(jid);
  stripForeignIds(message);
  const { accountStore } = session.context.options;
  if (!accountStore || isForGateway(session, jid) || bareJid(jid) === session.bare)
    return judge(session, message, jid);
  return judgeUnlessBlocked(accountStore, session, message, jid);
}

/** To whom the sender blocks nothing goes, and from whom the recipient blocks nothing comes (XEP-0191 §5). */
async function judgeUnlessBlocked(
  store: AccountStore,
  session: Session,
  message: Element,
  jid: Jid,
): Promise<void> {
  const refusal = await blockingBetween(store, session.jid, jid).catch((): StanzaError => ({
    error: 'resource-constraint',
    text: 'try again later',
  }));
  return refusal ? session.refuse(message, refusal) : judge(session, message, jid);
}

async function blockingBetween(
  store: AccountStore,
  sender: Jid,
  recipient: Jid,
): Promise<StanzaError | undefined> {
  if (await isBlockedBy(store, sender.local, recipient))
    return { error: 'not-acceptable', extension: blockedExtension };
  return (await isBlockedBy(store, recipient.local, sender)) ? { error: 'service-unavailable' } : undefined;
}

function judge(session: Session, message: Element, jid: Jid): void | Promise<void> {
  const { hooks } = session;
  if (isForGateway(session, jid) && endsHere(session, message))
    return apply(session, message, jid, 'consume');
  if (!hooks.onMessage) return session.refuse(message, { error: 'service-unavailable' });
  const verdict = hooks.onMessage(session, message);
  if (!(verdict instanceof Promise)) return apply(session, message, jid, verdict);
  return verdict.then((outcome) => apply(session, message, jid, outcome));
}

/** A position is told as such, and need not be judged if there is nothing beside it; nor is a chat state for the app. */
function endsHere(session: Session, message: Element): boolean {
  const { hooks } = session;
  const position = hooks.onPosition && positionIn(message);
  if (position) hooks.onPosition?.(session, position);
  const hasMore = message.child('body') !== undefined || jsonContainer(message) !== undefined;
  return isChatStateAlone(message) || (position !== undefined && !hasMore);
}

function isForGateway(session: Session, jid: Jid): boolean {
  return jid.local === '' || bareJid(jid) === session.contactJid;
}

function apply(session: Session, message: Element, jid: Jid, verdict: MessageVerdict): void {
  if (verdict === 'route') return route(session, message, jid);
  if (verdict !== 'consume') return session.refuse(message, verdict);
  copyMessage(session, message, undefined);
  const receipt = isForGateway(session, jid) ? receiptFor(message) : undefined;
  if (receipt) session.sendStanza(receipt);
}

/** RFC 6121 §8.5.2 and §8.5.3, among the sessions of this server. */
function route(session: Session, message: Element, jid: Jid): void {
  const { sessions } = session.context;
  const bare = bareJid(jid);
  const type = message.attrs['type'];
  const exact = jid.resource === '' ? undefined : sessions.byFullJid(bare, jid.resource);
  if (exact?.acceptsRouted) return hand(session, message, exact);
  const toAnyResource = jid.resource === '' || type === 'chat';
  if (type === 'headline') {
    if (jid.resource === '') sendToAll(session, message, bare);
    return;
  }
  const best = toAnyResource && type !== 'groupchat' && type !== 'error' ? sessions.best(bare) : undefined;
  if (best?.acceptsRouted) return hand(session, message, best);
  session.refuse(message, { error: best ? 'resource-constraint' : 'service-unavailable' });
}

function hand(session: Session, message: Element, recipient: Session): void {
  copyMessage(session, message, recipient);
  const xml = message.toString(NS.client);
  if (isChatStateAlone(message)) recipient.sendWhenSeen(`chat state ${session.full}`, xml);
  else recipient.sendStanza(xml);
}

function sendToAll(session: Session, message: Element, bare: string): void {
  const xml = message.toString(NS.client);
  for (const target of session.context.sessions.ofAccount(bare)) {
    if (target.available && target.priority >= 0 && target.acceptsRouted) target.sendStanza(xml);
  }
}

/** Only the server that is named may assign a stanza id (XEP-0359 §5): what a client claims in our name is a forgery. */
function stripForeignIds(message: Element): void {
  for (let i = message.children.length - 1; i >= 0; i--) {
    const child = message.children[i]!;
    if (typeof child !== 'string' && child.is('stanza-id', NS.stanzaId)) message.children.splice(i, 1);
  }
}
