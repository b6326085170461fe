import { onCapabilities } from '../features/xep-0115-client-capabilities.js';
import { bareJid, parseJid } from '../jid/jid.js';
import { Element } from '../stanza/element.js';
import { escapeXml } from '../stanza/escape.js';
import { NS } from '../stream/namespaces.js';
import type { Session } from './session.js';

const PRIORITY = /^\s*[+-]?\d{1,3}\s*$/;

/** Presence of the client (RFC 6121 §4), seen by its account's other resources; and the app's, which is always there. */
export function onPresence(session: Session, presence: Element): void {
  const { type, to } = presence.attrs;
  if (to !== undefined) return onDirected(session, presence, to);
  if (type === undefined) return onAvailable(session, presence);
  if (type === 'unavailable') return onUnavailable(session, presence);
  if (type === 'error' || type === 'probe') return;
  session.refuse(presence, { error: 'bad-request' });
}

function onAvailable(session: Session, presence: Element): void {
  const priority = readPriority(presence);
  if (priority === undefined) return session.refuse(presence, { error: 'bad-request', text: 'priority' });
  const initial = !session.available;
  session.priority = priority;
  session.presence = presence;
  broadcast(session, presence);
  onCapabilities(session, presence);
  if (!initial) return;
  session.sendStanza(contactPresence(session));
  tellOthers(session);
  session.hooks.onAvailable?.(session);
}

function onUnavailable(session: Session, presence: Element): void {
  if (!session.available) return;
  broadcast(session, presence);
  session.presence = undefined;
  session.priority = 0;
  session.hooks.onUnavailable?.(session);
}

/** The other resources see a session end as if it had said so (RFC 6121 §4.5.2). */
export function announceGone(session: Session): void {
  session.presence = undefined;
  broadcast(session, new Element('presence', NS.client, { type: 'unavailable', from: session.full }));
}

/** `priority` is an integer from -128 to 127 (RFC 6121 §4.7.2.3). */
function readPriority(presence: Element): number | undefined {
  const text = presence.childText('priority');
  if (text === undefined || text.trim() === '') return 0;
  const priority = Number(text);
  return PRIORITY.test(text) && priority >= -128 && priority <= 127 ? priority : undefined;
}

/** To every available resource of the account, the sender's own among them (RFC 6121 §4.2.2). */
function broadcast(session: Session, presence: Element): void {
  for (const other of session.context.sessions.ofAccount(session.bare)) {
    if (other.available) other.sendWhenSeen(`presence ${session.full}`, addressed(presence, other));
  }
}

/** A new resource learns of the others. */
function tellOthers(session: Session): void {
  for (const other of session.context.sessions.ofAccount(session.bare)) {
    if (other !== session && other.presence) session.sendStanza(addressed(other.presence, session));
  }
}

function addressed(presence: Element, to: Session): string {
  const copy = new Element('presence', NS.client, { ...presence.attrs, to: to.full }, presence.children);
  copy.qualified = presence.qualified;
  return copy.toString(NS.client);
}

function contactPresence(session: Session): string {
  return `<presence from='${escapeXml(session.contactJid)}' to='${escapeXml(session.full)}'/>`;
}

/** The app's contact answers; everybody else keeps silent, as to a stranger (RFC 6121 §8.5.1). */
function onDirected(session: Session, presence: Element, to: string): void {
  const jid = parseJid(to);
  if (!jid) return session.refuse(presence, { error: 'jid-malformed' });
  const { type } = presence.attrs;
  const isContact = bareJid(jid) === session.contactJid;
  if (isContact && type === 'probe') return session.sendStanza(contactPresence(session));
  if (type !== 'subscribe') return;
  const answer = isContact ? 'subscribed' : 'unsubscribed';
  const from = escapeXml(bareJid(jid));
  session.sendStanza(`<presence type='${answer}' from='${from}' to='${escapeXml(session.bare)}'/>`);
}
