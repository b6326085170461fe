import { prepareLocal, prepareResource } from '../jid/jid.js';
import type { Element } from '../stanza/element.js';
import { escapeXml } from '../stanza/escape.js';
import type { StanzaError } from '../stanza/stanza-error.js';
import type { AuthenticationOutcome } from '../hooks.js';
import { NS } from '../stream/namespaces.js';

export const legacyAuthFeature = `<auth xmlns='${NS.iqAuthFeature}'/>`;

export interface LegacyCredentials {
  username: string;
  password: string;
  resource: string;
}

/** No `digest`: it would need the clear password (XEP-0078 §3.1). */
export function legacyFields(query: Element): string {
  const username = query.childText('username') ?? '';
  return `<query xmlns='${NS.iqAuth}'><username>${escapeXml(username)}</username><password/><resource/></query>`;
}

/** A missing field is 406 not-acceptable, a name that cannot be 401 (XEP-0078 §3.2). */
export function readLegacyCredentials(query: Element): LegacyCredentials | StanzaError {
  const name = query.childText('username');
  const password = query.childText('password');
  const resource = prepareResource(query.childText('resource') ?? '');
  if (!name || !password || resource === undefined || resource === '') return { error: 'not-acceptable' };
  const username = prepareLocal(name);
  return username === undefined ? { error: 'not-authorized' } : { username, password, resource };
}

/**
 * androidpn erases its identity and registers anew on 401: only a wrong password may say that. A passing failure is 500
 * (reference: androidpn's wire flow).
 */
export function legacyFailure(outcome: Extract<AuthenticationOutcome, { ok: false }>): StanzaError {
  if (outcome.reason === 'not-authorized') return { error: 'not-authorized' };
  if (outcome.reason === 'account-disabled') return { error: 'forbidden' };
  return { error: 'internal-server-error', type: 'wait' };
}
