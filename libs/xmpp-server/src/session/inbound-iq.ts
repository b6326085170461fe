import { onNotificationAnswered } from '../features/androidpn.js';
import { onCapabilitiesAnswered } from '../features/xep-0115-client-capabilities.js';
import { answerIq } from '../features/features.js';
import type { IqReply, IqTarget } from '../features/feature.js';
import { bareJid, fullJid, parseJid, type Jid } from '../jid/jid.js';
import { Element } from '../stanza/element.js';
import { NS } from '../stream/namespaces.js';
import type { Session } from './session.js';

/** Exactly one answer to each request, none to an answer (RFC 6120 §8.2.3). */
export function onIq(session: Session, iq: Element): void | Promise<void> {
  const { type, id } = iq.attrs;
  if (id === undefined || id === '') return session.refuse(iq, { error: 'bad-request', text: 'no id' });
  if (type === 'result' || type === 'error') return onAnswer(session, iq, id);
  if (type !== 'get' && type !== 'set')
    return session.refuse(iq, { error: 'bad-request', text: 'no such type' });
  const payloads = iq.elements;
  if (payloads.length !== 1)
    return session.refuse(iq, { error: 'bad-request', text: 'exactly one child is due' });
  return onRequest(session, iq, payloads[0]!);
}

function onRequest(session: Session, iq: Element, payload: Element): void | Promise<void> {
  const to = iq.attrs['to'];
  const jid = to === undefined ? session.jid : parseJid(to);
  if (!jid) return session.refuse(iq, { error: 'jid-malformed' });
  if (jid.domain !== session.jid.domain) return session.refuse(iq, { error: 'remote-server-not-found' });
  const target = to === undefined ? 'account' : targetOf(session, jid);
  if (target) return answer(session, iq, payload, target);
  if (!routeToOwnResource(session, iq, jid)) session.refuse(iq, { error: 'service-unavailable' });
}

function targetOf(session: Session, jid: Jid): IqTarget | undefined {
  const bare = bareJid(jid);
  if (jid.local === '') return 'server';
  if (bare === session.contactJid) return 'contact';
  return jid.resource === '' && bare === session.bare ? 'account' : undefined;
}

function answer(session: Session, iq: Element, payload: Element, target: IqTarget): void | Promise<void> {
  const reply = answerIq({ session, iq, payload, target });
  if (reply instanceof Promise) return reply.then((settled) => respond(session, iq, settled));
  respond(session, iq, reply);
}

function respond(session: Session, iq: Element, reply: IqReply): void {
  if (typeof reply !== 'string') return session.refuse(iq, reply);
  const { id, to } = iq.attrs;
  const open = new Element('iq', '', { type: 'result', id, to: session.full, from: to }).toString();
  session.sendStanza(reply === '' ? open : `${open.slice(0, -2)}>${reply}</iq>`);
}

/** Between resources of one account IQs pass; from one device to another they do not. */
function routeToOwnResource(session: Session, iq: Element, jid: Jid): boolean {
  if (bareJid(jid) !== session.bare || jid.resource === '') return false;
  const target = session.context.sessions.byFullJid(session.bare, jid.resource);
  if (!target?.acceptsRouted) return false;
  iq.attrs['to'] = fullJid(jid);
  target.sendStanza(iq.toString(NS.client));
  return true;
}

function onAnswer(session: Session, iq: Element, id: string): void {
  if (session.onPingAnswered(id) || onCapabilitiesAnswered(session, iq, id)) return;
  if (iq.attrs['type'] === 'result') {
    const known = session.acknowledgeById(id, 'iq');
    if (session.dialect === 'androidpn') return onNotificationAnswered(session, id, known);
    if (known) return;
  }
  const jid = iq.attrs['to'] === undefined ? undefined : parseJid(iq.attrs['to']);
  if (jid) routeToOwnResource(session, iq, jid);
}
