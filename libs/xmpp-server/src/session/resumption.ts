import { restoreCapabilities } from '../features/xep-0115-client-capabilities.js';
import type { Identity } from '../sasl/sasl-negotiator.js';
import { bareJid, type Jid } from '../jid/jid.js';
import type { Connection } from '../stream/connection.js';
import { Session } from './session.js';
import { unpackSession, type StoredSession } from './stored-session.js';

/** What `SessionRegistry` makes: nothing else is worth a question to the store. */
const RESUMPTION_ID = /^[\w-]{24}$/;

export interface ResumeRequest {
  /** The resumption id. */
  id: string;
  /** Stanzas of ours that the client has handled. */
  h: number;
}

/** The session that a client wants to go on with: from this server's memory, or from where another server left its state (XEP-0198 §5). */
export async function findResumable(
  connection: Connection,
  { username, principal }: Identity,
  { id, h }: ResumeRequest,
): Promise<Session | undefined> {
  const { sessions, streams, options } = connection.context;
  const bare = `${username}@${options.domain}`;
  const here = () => sessions.resumableBy(id, bare);
  if (!streams || !RESUMPTION_ID.test(id)) return here();
  const claimed = await streams.claim(username, id);
  if (claimed === undefined || claimed === 'unavailable' || claimed.own) return here();
  here()?.onClaimedElsewhere(); // it went away and has come back: what stands here is old
  const stored = unpackSession(claimed.state, connection.context.parsers.client);
  return stored && restore(connection, { username, principal }, { id, h }, stored);
}

/** A session as another server left it, still without a connection; undefined when the account has no room. */
function restore(
  connection: Connection,
  { username, principal }: Identity,
  { id, h }: ResumeRequest,
  stored: StoredSession,
): Session | undefined {
  const { context } = connection;
  const { sessions, options } = context;
  const jid: Jid = { local: username, domain: options.domain, resource: stored.resource };
  if (!sessions.makeRoom(bareJid(jid), jid.resource)) return undefined;
  const session = new Session(context, { jid, principal, dialect: stored.dialect }, connection.peer);
  session.window.restore(id, stored, h, options.limits.unacknowledged);
  session.presence = stored.presence;
  session.priority = stored.priority;
  if (stored.presence) restoreCapabilities(session, stored.presence);
  session.carbons = stored.carbons;
  sessions.addDetached(session, id);
  options.hooks.onBound?.(session);
  return session;
}
