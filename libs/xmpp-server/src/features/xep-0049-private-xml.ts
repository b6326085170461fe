import type { AccountStore } from '../account/account-store.js';
import type { Element } from '../stanza/element.js';
import { NS } from '../stream/namespaces.js';
import { changed, withStore } from './account-records.js';
import type { Feature, IqReply, IqRequest } from './feature.js';

/** What the client keeps with its account: an element by name and namespace. Without a store everything reads as never set. */
export const privateXml: Feature = {
  vars: [NS.privateXml],
  offered: ({ accountStore }) => accountStore !== undefined,
  iq: [
    {
      type: 'get',
      name: 'query',
      ns: NS.privateXml,
      at: ['account'],
      handle: withStore(get, ({ payload }) => answer(payload.elements[0], undefined)),
    },
    {
      type: 'set',
      name: 'query',
      ns: NS.privateXml,
      at: ['account'],
      handle: withStore(set, () => ({ error: 'not-allowed' })),
    },
  ],
};

async function get(store: AccountStore, { session, payload }: IqRequest): Promise<IqReply> {
  const [wanted, ...more] = payload.elements;
  if (!wanted || more.length > 0) return { error: 'bad-request' };
  return answer(wanted, await store.get(session.jid.local, 'private', nameOf(wanted)));
}

/** What was never set comes back empty (XEP-0049 §2.2). */
function answer(wanted: Element | undefined, kept: string | undefined): IqReply {
  if (!wanted) return { error: 'bad-request' };
  wanted.children.length = 0;
  return `<query xmlns='${NS.privateXml}'>${kept ?? wanted.toString(NS.privateXml)}</query>`;
}

/** An empty element takes away what was kept under its name. */
async function set(store: AccountStore, { session, payload }: IqRequest): Promise<IqReply> {
  const { elements } = payload;
  if (elements.length === 0) return { error: 'bad-request' };
  if (elements.some(({ ns }) => isReserved(ns))) return { error: 'not-acceptable' };
  const changes = elements.map((element): [string, string | undefined] => [
    nameOf(element),
    element.children.length === 0 ? undefined : element.toString(NS.privateXml),
  ]);
  return changed(await store.change(session.jid.local, 'private', new Map(changes)));
}

/** Elements of the protocol itself are not a client's to keep (XEP-0049 §2.3). */
function isReserved(ns: string): boolean {
  return ns === '' || ns.startsWith('jabber:') || ns === NS.vcard;
}

function nameOf({ name, ns }: Element): string {
  return `${name} ${ns}`;
}
