import { NS } from '../stream/namespaces.js';
import { escapeXml } from './escape.js';
import { Element } from './element.js';

export type StanzaErrorType = 'auth' | 'cancel' | 'continue' | 'modify' | 'wait';

/** Defined conditions (RFC 6120 §8.3.3) with their recommended type and the legacy code that old libraries read (XEP-0086). */
const CONDITIONS = {
  'bad-request': ['modify', 400],
  conflict: ['cancel', 409],
  'feature-not-implemented': ['cancel', 501],
  forbidden: ['auth', 403],
  gone: ['cancel', 302],
  'internal-server-error': ['cancel', 500],
  'item-not-found': ['cancel', 404],
  'jid-malformed': ['modify', 400],
  'not-acceptable': ['modify', 406],
  'not-allowed': ['cancel', 405],
  'not-authorized': ['auth', 401],
  'policy-violation': ['modify', 405],
  'recipient-unavailable': ['wait', 404],
  redirect: ['modify', 302],
  'registration-required': ['auth', 407],
  'remote-server-not-found': ['cancel', 404],
  'remote-server-timeout': ['wait', 504],
  'resource-constraint': ['wait', 500],
  'service-unavailable': ['cancel', 503],
  'subscription-required': ['auth', 407],
  'undefined-condition': ['cancel', 500],
  'unexpected-request': ['wait', 400],
} as const satisfies Record<string, readonly [StanzaErrorType, number]>;

export type StanzaErrorCondition = keyof typeof CONDITIONS;

/** Why a stanza was refused. */
export interface StanzaError {
  error: StanzaErrorCondition;
  /** When the condition's usual type does not fit. */
  type?: StanzaErrorType;
  text?: string;
  /** Serialised application-specific condition. */
  extension?: string;
}

/** `<error/>` with the legacy `code` attribute, which XEP-0078 and XEP-0077 clients look for and others ignore. */
export function errorElement(refusal: StanzaError): string {
  const [type, code] = CONDITIONS[refusal.error];
  const text =
    refusal.text === undefined
      ? ''
      : `<text xmlns='${NS.stanzaErrors}' xml:lang='en'>${escapeXml(refusal.text)}</text>`;
  return (
    `<error code='${code}' type='${refusal.type ?? type}'><${refusal.error} xmlns='${NS.stanzaErrors}'/>` +
    `${text}${refusal.extension ?? ''}</error>`
  );
}

const SWAPPED = { type: 'error' } as const;

/**
 * The error that answers a stanza, addresses swapped and left out where empty (RFC 6120 §8.3.1); undefined for what must never be answered: errors and IQ
 * results.
 */
export function errorReply(stanza: Element, to: string, refusal: StanzaError): string | undefined {
  const { type, id, to: from } = stanza.attrs;
  if (type === 'error' || (stanza.name === 'iq' && type === 'result')) return undefined;
  const attrs = { from: from || undefined, to: to || undefined, id, ...SWAPPED };
  const open = new Element(stanza.name, '', attrs).toString();
  return `${open.slice(0, -2)}>${errorElement(refusal)}</${stanza.name}>`;
}
