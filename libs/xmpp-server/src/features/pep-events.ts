import type { Session } from '../session/session.js';
import { escapeXml } from '../stanza/escape.js';
import { NS } from '../stream/namespaces.js';
import { type PepItem, PepNodes } from './pep-nodes.js';

type Told = Pick<PepItem, 'id' | 'payload'>;

/** To every resource of the account on this server that asks for the node by its capabilities, the publishing one among them (XEP-0163 §4.3). */
export function tellItem(session: Session, node: string, item: Told): void {
  tell(session, node, item.id, itemEvent(item));
}

export function tellRetracted(session: Session, node: string, ids: readonly string[]): void {
  const content = ids.map((id) => `<retract id='${escapeXml(id)}'/>`).join('');
  tell(session, node, ids.join('\n'), content);
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
      if (last) session.sendWhenSeen(subject(node, last.id), event(session, session, node, itemEvent(last)));
    }
  } catch (error) {
    logger.warn({ err: error, session: session.full }, 'the last items of an account are out of reach');
  }
}

/** An event that may wait is out of date with the next of the same subject (XEP-0352). */
const subject = (node: string, items: string): string => `event ${node}\n${items}`;

function tell(origin: Session, node: string, items: string, content: string): void {
  for (const other of origin.context.sessions.ofAccount(origin.bare)) {
    if (other.available && other.supports(`${node}+notify`))
      other.sendWhenSeen(subject(node, items), event(origin, other, node, content));
  }
}

function itemEvent({ id, payload }: Told): string {
  return `<item id='${escapeXml(id)}'>${payload}</item>`;
}

function event(origin: Session, to: Session, node: string, content: string): string {
  return (
    `<message type='headline' from='${escapeXml(origin.bare)}' to='${escapeXml(to.full)}'>` +
    `<event xmlns='${NS.pubsubEvent}'><items node='${escapeXml(node)}'>${content}</items></event></message>`
  );
}
