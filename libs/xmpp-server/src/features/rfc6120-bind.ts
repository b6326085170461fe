import { randomBytes } from 'node:crypto';
import { prepareResource } from '../jid/jid.js';
import type { Element } from '../stanza/element.js';
import { escapeXml } from '../stanza/escape.js';
import type { StanzaError } from '../stanza/stanza-error.js';
import { NS } from '../stream/namespaces.js';
import type { Feature } from './feature.js';

/** `session` is for clients of RFC 3921; it does nothing (RFC 6121 §1.4). */
export const bindFeature =
  `<bind xmlns='${NS.bind}'/>` + `<session xmlns='${NS.session}'><optional/></session>`;

/** The resource that a bind request asks for, or one of our making (RFC 6120 §7.6, §7.7). */
export function requestedResource(bind: Element): string | StanzaError {
  const wanted = bind.childText('resource');
  if (wanted === undefined || wanted === '') return randomBytes(9).toString('base64url');
  return prepareResource(wanted) ?? { error: 'bad-request', text: 'not a resource' };
}

export function bound(fullJid: string): string {
  return `<bind xmlns='${NS.bind}'><jid>${escapeXml(fullJid)}</jid></bind>`;
}

/** One resource a stream: a second bind is refused (RFC 6120 §7.5). The session IQ is answered. */
export const bindRefused: Feature = {
  iq: [
    {
      type: 'set',
      name: 'bind',
      ns: NS.bind,
      at: ['account', 'server'],
      handle: () => ({ error: 'not-allowed' }),
    },
    { type: 'set', name: 'session', ns: NS.session, at: ['account', 'server'], handle: () => '' },
  ],
};
