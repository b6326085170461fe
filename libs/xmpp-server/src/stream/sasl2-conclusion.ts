import { boundByName, inlineBind, type InlineBind } from '../features/xep-0386-bind2.js';
import { parseHandled, smFailed } from '../features/xep-0198-stream-management.js';
import type { FastToken } from '../hooks.js';
import type { Identity } from '../sasl/sasl-negotiator.js';
import type { Sasl2Request, Sasl2Success } from '../sasl/sasl2-negotiator.js';
import { findResumable } from '../session/resumption.js';
import type { Session } from '../session/session.js';
import { escapeXml } from '../stanza/escape.js';
import type { Connection } from './connection.js';
import { NS } from './namespaces.js';

/** A token that expires sooner is replaced by a new one at its next use. */
const ROTATE_BEFORE_MS = 7 * 24 * 3_600_000;

/** The part of a negotiation that a log-in by SASL2 goes on with. */
export interface Negotiating {
  readonly connection: Connection;
  bind(identity: Identity, resource: string, dialect: 'xmpp'): Session | undefined;
  /** The features of the stream from now on: before a resource is bound, or behind it. */
  sendFeatures(session: Session | undefined): void;
}

/** What follows a log-in within its answer: a resumption, else a resource (XEP-0386), and a token (XEP-0484). */
export async function concludeSasl2(negotiating: Negotiating, success: Sasl2Success): Promise<void> {
  const token = await nextToken(negotiating.connection, success);
  if (await resumed(negotiating, success, token)) return;
  const failed = success.request.resume ? smFailed('item-not-found') : '';
  const { bind } = success.request;
  if (bind)
    return bindInline(negotiating, success, inlineBind(bind, success.request.clientId), failed + token);
  const { username } = success.identity;
  answer(negotiating, success, bareOf(negotiating, username), failed + token);
  negotiating.sendFeatures(undefined);
}

async function resumed(negotiating: Negotiating, success: Sasl2Success, token: string): Promise<boolean> {
  const { connection } = negotiating;
  const { resume } = success.request;
  const h = parseHandled(resume?.attrs['h']);
  if (!resume || h === undefined) return false;
  const id = resume.attrs['previd'] ?? '';
  const session = await findResumable(connection, success.identity, { id, h });
  if (!session) return false;
  return session.resume(connection, h, (xml) => {
    answer(negotiating, success, session.full, xml + token);
    negotiating.sendFeatures(session);
  });
}

function bindInline(
  negotiating: Negotiating,
  success: Sasl2Success,
  wanted: InlineBind,
  extras: string,
): void {
  const { connection } = negotiating;
  const session = negotiating.bind(success.identity, wanted.resource, 'xmpp');
  if (!session) {
    const failed = `<failed xmlns='${NS.bind2}'><resource-constraint xmlns='${NS.stanzaErrors}'/></failed>`;
    answer(negotiating, success, bareOf(negotiating, success.identity.username), extras + failed);
    return negotiating.sendFeatures(undefined);
  }
  answer(negotiating, success, session.full, extras + boundByName(session, wanted));
  negotiating.sendFeatures(session);
  connection.context.options.hooks.onBound?.(session);
}

function answer({ connection }: Negotiating, { data }: Sasl2Success, jid: string, extras: string): void {
  connection.send(
    `<success xmlns='${NS.sasl2}'>${data}` +
      `<authorization-identifier>${escapeXml(jid)}</authorization-identifier>${extras}</success>`,
  );
}

function bareOf({ connection }: Negotiating, username: string): string {
  return `${username}@${connection.context.options.domain}`;
}

/** Serialised; empty when none is due. */
async function nextToken(connection: Connection, success: Sasl2Success): Promise<string> {
  const { hooks, logger } = connection.context.options;
  const mechanism = dueMechanism(success);
  const { clientId, fast } = success.request;
  const { username, principal } = success.identity;
  try {
    if (fast?.invalidate)
      await hooks.fast!.invalidate({ username, clientId: clientId!, mechanism: fast.mechanism });
    if (!mechanism || !clientId) return '';
    return serialised(await hooks.fast!.issue({ username, clientId, mechanism }, principal));
  } catch (error) {
    logger.warn({ err: error }, 'a token could not be issued');
    return '';
  }
}

function dueMechanism({ request, tokenExpiresAt }: Sasl2Success): Sasl2Request['tokenFor'] {
  if (request.tokenFor || !request.fast || request.fast.invalidate) return request.tokenFor;
  const expiresSoon = tokenExpiresAt!.getTime() - Date.now() < ROTATE_BEFORE_MS;
  return expiresSoon ? request.fast.mechanism : undefined;
}

function serialised({ token, expiresAt }: FastToken): string {
  return `<token xmlns='${NS.fast}' expiry='${expiresAt.toISOString()}' token='${escapeXml(token)}'/>`;
}
