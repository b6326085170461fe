import type { AccountStore } from '../account/account-store.js';
import type { AccountNews } from '../hooks.js';
import { bareJid, fullJid, parseJid, type Jid } from '../jid/jid.js';
import type { ServerContext } from '../server-context.js';
import type { Session } from '../session/session.js';
import { escapeXml } from '../stanza/escape.js';
import { NS } from '../stream/namespaces.js';
import { changed, withStore } from './account-records.js';
import type { Feature, IqHandler, IqReply, IqRequest } from './feature.js';

type BlockListChange = Extract<AccountNews, { readonly jids: readonly string[] }>;

/**
 * Whom an account wants to hear nothing of. Its app and the server cannot be blocked: who wants no pushes ends the account. Without a store
 * the list is empty and stays so.
 */
export const blocking: Feature = {
  vars: [NS.blocking],
  offered: ({ accountStore }) => accountStore !== undefined,
  iq: [
    handler('get', 'blocklist', list, () => blockList([])),
    handler('set', 'block', block, () => ({ error: 'not-allowed' })),
    handler('set', 'unblock', unblock, () => ''),
  ],
};

function handler(
  type: 'get' | 'set',
  name: string,
  handle: (store: AccountStore, request: IqRequest) => Promise<IqReply>,
  otherwise: () => IqReply,
): IqHandler {
  return { type, name, ns: NS.blocking, at: ['account'], handle: withStore(handle, otherwise) };
}

/** Who asks for the list is told of its changes from then on (XEP-0191 §3.2). */
async function list(store: AccountStore, { session }: IqRequest): Promise<IqReply> {
  session.watchesBlockList = true;
  return blockList([...(await store.list(session.jid.local, 'blocked')).keys()]);
}

function blockList(jids: readonly string[]): string {
  const items = itemsOf(jids.toSorted());
  return `<blocklist xmlns='${NS.blocking}'${items === '' ? '/>' : `>${items}</blocklist>`}`;
}

async function block(store: AccountStore, request: IqRequest): Promise<IqReply> {
  const { session } = request;
  const jids = jidsIn(request);
  if (jids.length === 0) return { error: 'bad-request' };
  if (jids.includes(undefined)) return { error: 'jid-malformed' };
  const wanted = (jids as Jid[]).map(fullJid);
  if ((jids as Jid[]).some((jid) => isIndispensable(session, jid))) return { error: 'not-allowed' };
  const outcome = await store.change(session.jid.local, 'blocked', new Map(wanted.map((jid) => [jid, ''])));
  if (outcome === 'kept') tellChange(session, { kind: 'block', jids: wanted });
  return changed(outcome);
}

/** Without items, everybody (XEP-0191 §3.5). */
async function unblock(store: AccountStore, request: IqRequest): Promise<IqReply> {
  const { session } = request;
  const named = jidsIn(request);
  if (named.includes(undefined)) return { error: 'jid-malformed' };
  const jids =
    named.length === 0
      ? [...(await store.list(session.jid.local, 'blocked')).keys()]
      : (named as Jid[]).map(fullJid);
  const outcome = await store.change(
    session.jid.local,
    'blocked',
    new Map(jids.map((jid) => [jid, undefined])),
  );
  if (outcome === 'kept') tellChange(session, { kind: 'unblock', jids: named.length === 0 ? [] : jids });
  return changed(outcome);
}

function jidsIn({ payload }: IqRequest): (Jid | undefined)[] {
  const items = payload.elements.filter((element) => element.is('item', NS.blocking));
  return items.map(({ attrs }) => (attrs['jid'] ? parseJid(attrs['jid']) : undefined));
}

function isIndispensable(session: Session, jid: Jid): boolean {
  const bare = bareJid(jid);
  return bare === session.jid.domain || bare === session.contactJid || bare === session.bare;
}

function tellChange(session: Session, change: BlockListChange): void {
  tellWatchers(session.context, session.bare, change);
  session.tellOwner(change);
}

/** The account's resources on this server (XEP-0191 §3.3). */
export function tellWatchers(
  { sessions }: ServerContext,
  bare: string,
  { kind, jids }: BlockListChange,
): void {
  const items = itemsOf(jids);
  const payload = `<${kind} xmlns='${NS.blocking}'${items === '' ? '/>' : `>${items}</${kind}>`}`;
  for (const other of sessions.ofAccount(bare)) {
    if (!other.watchesBlockList) continue;
    const to = escapeXml(other.full);
    other.sendStanza(`<iq type='set' id='blocking' from='${escapeXml(bare)}' to='${to}'>${payload}</iq>`);
  }
}

function itemsOf(jids: readonly string[]): string {
  return jids.map((jid) => `<item jid='${escapeXml(jid)}'/>`).join('');
}

/** Whether an account blocks a JID: itself, its account, its domain, or a resource of that (XEP-0191 §5, as XEP-0016 §2.1 matches). */
export async function isBlockedBy(store: AccountStore, account: string, jid: Jid): Promise<boolean> {
  const blocked = await store.list(account, 'blocked');
  if (blocked.size === 0) return false;
  const { domain, resource } = jid;
  return [fullJid(jid), bareJid(jid), fullJid({ local: '', domain, resource }), domain].some((each) =>
    blocked.has(each),
  );
}

export const blockedExtension = `<blocked xmlns='${NS.blockingErrors}'/>`;
