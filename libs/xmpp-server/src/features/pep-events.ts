import type { AccountNews } from '../hooks.js';
import type { ServerContext } from '../server-context.js';
import type { Session } from '../session/session.js';
import { escapeXml } from '../stanza/escape.js';
import { NS } from '../stream/namespaces.js';
import { type PepItem, PepNodes } from './pep-nodes.js';

type Told = Pick<PepItem, 'id' | 'payload'>;
type NodeNews = Extract<AccountNews, { readonly node: string }>;

/** To every resource of the account that asks for the node by its capabilities, the publishing one among them (XEP-0163 §4.3). */
export function tellItem(session: Session, node: string, item: Told): void {
  tell(session.context, session.bare, node, publication(item));
  session.tellOwner({ kind: 'published', node, id: item.id });
}

export function tellRetracted(session: Session, node: string, ids: readonly string[]): void {
  tell(session.context, session.bare, node, retraction(ids));
  session.tellOwner({ kind: 'retracted', node, ids });
}

/** What was done over another server. An item is read from where it is kept: it may have changed since, or be gone. */
export async function tellNodeNews(
  context: ServerContext,
  bare: string,
  account: string,
  news: NodeNews,
): Promise<void> {
  const { node } = news;
  const { accountStore } = context.options;
  if (!accountStore || audience(context, bare, node).length === 0) return;
  if (news.kind === 'retracted') return tell(context, bare, node, retraction(news.ids));
  const item = (await new PepNodes(accountStore, account).items(node)).find(({ id }) => id === news.id);
  if (item) tell(context, bare, node, publication(item));
}

/** The newest item of each node that a client asks for, once it is known what it asks for (XEP-0163 §4.3.4). */
export async function tellLastItems(session: Session): Promise<void> {
  const { accountStore, logger } = session.context.options;
  const wanted = [...(session.capabilities?.features ?? [])].filter((name) => name.endsWith('+notify'));
  if (!accountStore || wanted.length === 0) return;
  try {
    const nodes = new PepNodes(accountStore, session.jid.local);
    for (const node of await nodes.names()) {
      const last = wanted.includes(`${node}+notify`) ? (await nodes.items(node)).at(-1) : undefined;
      if (last) send(session, node, publication(last));
    }
  } catch (error) {
    logger.warn({ err: error, session: session.full }, 'the last items of an account are out of reach');
  }
}

/** What an event says of items, and which these are: the next of the same puts it out of date. */
interface Happening {
  items: string;
  content: string;
}

function publication({ id, payload }: Told): Happening {
  return { items: id, content: `<item id='${escapeXml(id)}'>${payload}</item>` };
}

function retraction(ids: readonly string[]): Happening {
  return { items: ids.join('\n'), content: ids.map((id) => `<retract id='${escapeXml(id)}'/>`).join('') };
}

function audience({ sessions }: ServerContext, bare: string, node: string): Session[] {
  return sessions.ofAccount(bare).filter((each) => each.available && each.supports(`${node}+notify`));
}

function tell(context: ServerContext, bare: string, node: string, happening: Happening): void {
  for (const session of audience(context, bare, node)) send(session, node, happening);
}

function send(session: Session, node: string, { items, content }: Happening): void {
  session.sendWhenSeen(
    `event ${node}\n${items}`,
    `<message type='headline' from='${escapeXml(session.bare)}' to='${escapeXml(session.full)}'>` +
      `<event xmlns='${NS.pubsubEvent}'><items node='${escapeXml(node)}'>${content}</items></event></message>`,
  );
}
