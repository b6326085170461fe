import { createHash, randomBytes } from 'node:crypto';
import { prepareResource } from '../jid/jid.js';
import type { Element } from '../stanza/element.js';
import { NS } from '../stream/namespaces.js';
import type { Session } from '../session/session.js';
import { enableManagement } from '../session/stream-management-handler.js';

const inlineFeatures = [NS.sm, NS.csi, NS.carbons].map((ns) => `<feature var='${ns}'/>`).join('');

/** What may be bound with, for the features of SASL2 (XEP-0386 §3). */
export const bind2Feature = `<bind xmlns='${NS.bind2}'><inline>${inlineFeatures}</inline></bind><sm xmlns='${NS.sm}'/>`;

/** What a client wants bound. */
export interface InlineBind {
  resource: string;
  /** `<enable/>` of XEP-0198. */
  enable: Element | undefined;
  inactive: boolean;
  carbons: boolean;
}

/** @param clientId the same one gets the same resource each time, so that it replaces its own former session (XEP-0386 §4) */
export function inlineBind(bind: Element, clientId: string | undefined): InlineBind {
  const tag = prepareResource(bind.childText('tag') ?? '') || 'client';
  const suffix = clientId
    ? createHash('sha256').update(clientId).digest('base64url').slice(0, 12)
    : randomBytes(9).toString('base64url');
  return {
    resource: `${tag.slice(0, 128)}~${suffix}`,
    enable: bind.child('enable', NS.sm),
    inactive: bind.child('inactive', NS.csi) !== undefined,
    carbons: bind.child('enable', NS.carbons) !== undefined,
  };
}

/** Applies the rest to the session that was bound, and says what became of it. */
export function boundByName(session: Session, { enable, inactive, carbons }: InlineBind): string {
  session.carbons = carbons;
  if (inactive) session.clientState.rest();
  const enabled = enable ? enableManagement(session, enable) : '';
  return `<bound xmlns='${NS.bind2}'>${enabled}</bound>`;
}
