import type { AccountStore } from '../account/account-store.js';
import { fullJid, parseJid } from '../jid/jid.js';
import { submittedForm } from '../stanza/data-form.js';
import { NS } from '../stream/namespaces.js';
import { changed, withStore } from './account-records.js';
import type { Feature, IqReply, IqRequest } from './feature.js';

/** A push service that a client has named, to be told when something waits for it and it is not there. */
export interface PushService {
  /** JID of the service. */
  service: string;
  node: string | undefined;
  /** What is to go with each publication: the fields of its publish-options, such as `secret`. */
  options: Readonly<Record<string, readonly string[]>>;
}

const MAX_SERVICES = 10;
const MAX_OPTIONS = 20;

/**
 * A client has a service told while it is away. The server only keeps which: its owner, who knows what waits, tells them (XEP-0357 §5).
 * Announced by the account alone (§3).
 */
export const pushServices: Feature = {
  accountVars: [NS.push],
  offered: ({ accountStore }) => accountStore !== undefined,
  iq: [
    { type: 'set', name: 'enable', ns: NS.push, at: ['account'], handle: withStore(enable) },
    { type: 'set', name: 'disable', ns: NS.push, at: ['account'], handle: withStore(disable) },
  ],
};

/** A service once more, by JID and node, replaces its options (XEP-0357 §5). */
async function enable(store: AccountStore, { session, payload }: IqRequest): Promise<IqReply> {
  const service = serviceIn(session.bare, payload.attrs);
  const form = submittedForm(payload);
  if (!service || (form && form.get('FORM_TYPE')?.[0] !== NS.pubsubOptions)) return { error: 'bad-request' };
  const options = [...(form ?? [])].filter(([name]) => name !== 'FORM_TYPE' && name !== '');
  if (options.length > MAX_OPTIONS) return { error: 'not-acceptable', text: 'too many options' };
  const account = session.jid.local;
  const known = await store.list(account, 'push');
  const name = nameOf(service.jid, service.node);
  if (!known.has(name) && known.size >= MAX_SERVICES)
    return { error: 'resource-constraint', type: 'cancel', text: `${MAX_SERVICES} services at most` };
  const value = JSON.stringify(Object.fromEntries(options));
  return changed(await store.change(account, 'push', new Map([[name, value]])));
}

/** Without a node, all of the service (XEP-0357 §6). */
async function disable(store: AccountStore, { session, payload }: IqRequest): Promise<IqReply> {
  const service = serviceIn(session.bare, payload.attrs);
  if (!service) return { error: 'bad-request' };
  const account = session.jid.local;
  const known = [...(await store.list(account, 'push')).keys()];
  const names =
    service.node === undefined
      ? known.filter((name) => name.startsWith(nameOf(service.jid, '')) || name === service.jid)
      : known.filter((name) => name === nameOf(service.jid, service.node));
  if (names.length === 0) return { error: 'item-not-found' };
  return changed(await store.change(account, 'push', new Map(names.map((name) => [name, undefined]))));
}

/** undefined for what names none, or the account itself (XEP-0357 §5). */
function serviceIn(
  own: string,
  { jid, node }: Record<string, string | undefined>,
): { jid: string; node: string | undefined } | undefined {
  const parsed = jid ? parseJid(jid) : undefined;
  if (!parsed || fullJid(parsed) === own || (node !== undefined && node.length > 1_024)) return undefined;
  return { jid: fullJid(parsed), node };
}

/** No JID holds a line break. */
function nameOf(jid: string, node: string | undefined): string {
  return node === undefined ? jid : `${jid}\n${node}`;
}

/** Reads a record of the kind `push`. */
export function pushServiceOf(name: string, value: string): PushService {
  const end = name.indexOf('\n');
  return {
    service: end < 0 ? name : name.slice(0, end),
    node: end < 0 ? undefined : name.slice(end + 1),
    options: JSON.parse(value) as Record<string, string[]>,
  };
}
