import { createHash } from 'node:crypto';
import { escapeXml } from '../stanza/escape.js';
import { NS } from '../stream/namespaces.js';
import type { Session } from '../session/session.js';
import type { Feature, IqReply, IqRequest } from './feature.js';

export const rosterVersioningFeature = `<ver xmlns='${NS.rosterVersioning}'/>`;

/**
 * The roster has one contact, the app (RFC 6121 §2): with subscription `both`, because stock clients send receipts only to contacts that
 * see their presence. It is ours to keep: changes are refused. androidpn expects an empty one.
 */
export const roster: Feature = {
  iq: [
    { type: 'get', name: 'query', ns: NS.roster, at: ['account'], handle: getRoster },
    { type: 'set', name: 'query', ns: NS.roster, at: ['account'], handle: () => ({ error: 'not-allowed' }) },
  ],
};

function getRoster({ session, payload }: IqRequest): IqReply {
  const items = session.dialect === 'androidpn' ? '' : contactItem(session);
  const asked = payload.attrs['ver'];
  if (asked === undefined) return `<query xmlns='${NS.roster}'>${items}</query>`;
  const current = createHash('sha256').update(items).digest('base64url').slice(0, 16);
  return asked === current ? '' : `<query xmlns='${NS.roster}' ver='${current}'>${items}</query>`;
}

function contactItem(session: Session): string {
  const jid = escapeXml(session.contactJid);
  return `<item jid='${jid}' name='${escapeXml(session.contact.name)}' subscription='both'/>`;
}
