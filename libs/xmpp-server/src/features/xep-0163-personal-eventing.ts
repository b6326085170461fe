import { randomBytes } from 'node:crypto';
import type { AccountStore } from '../account/account-store.js';
import type { Session } from '../session/session.js';
import { submittedForm } from '../stanza/data-form.js';
import { escapeXml } from '../stanza/escape.js';
import type { Element } from '../stanza/element.js';
import { NS } from '../stream/namespaces.js';
import { changed, withStore } from './account-records.js';
import type { Feature, IqReply, IqRequest } from './feature.js';
import { DEFAULT_SETTINGS, isNodeName, PepNodes, settingsIn } from './pep-nodes.js';
import { tellItem, tellRetracted } from './pep-events.js';
import { readPosition } from './xep-0080-location.js';

const PUBSUB_FEATURES = [
  'publish',
  'publish-options',
  'retrieve-items',
  'retract-items',
  'item-ids',
  'multi-items',
  'persistent-items',
  'last-published',
  'auto-create',
  'filtered-notifications',
  'config-node',
  'config-node-max',
  'delete-nodes',
  'purge-nodes',
  'access-whitelist',
];

/**
 * PEP for the resources of one account: nobody else may look. A position, the node that XEP-0080 names, is told to the app as well, an empty one
 * being the end of sharing. Without a store that is all there is.
 */
export const personalEventing: Feature = {
  accountVars: PUBSUB_FEATURES.map((name) => `${NS.pubsub}#${name}`),
  iq: [
    { type: 'set', name: 'pubsub', ns: NS.pubsub, at: ['account'], handle: onSet },
    {
      type: 'get',
      name: 'pubsub',
      ns: NS.pubsub,
      at: ['account'],
      handle: withStore(retrieve, () => ({ error: 'item-not-found' })),
    },
  ],
};

function onSet(request: IqRequest): ReturnType<typeof publishOrRetract> | IqReply {
  const publish = request.payload.child('publish');
  const told = publish?.attrs['node'] === NS.geoloc ? tellPosition(request.session, publish) : undefined;
  if (told) return told;
  return publishOrRetract(request);
}

const publishOrRetract = withStore(
  (store, request) => {
    const { payload } = request;
    const [publish, retract] = [payload.child('publish'), payload.child('retract')];
    if (publish) return onPublish(store, request, publish);
    if (retract) return onRetract(store, request, retract);
    return Promise.resolve(unsupported('manage-subscriptions'));
  },
  ({ payload }) => {
    const publish = payload.child('publish');
    if (!publish) return unsupported('manage-subscriptions');
    if (publish.attrs['node'] !== NS.geoloc) return unsupported('persistent-items');
    return published(NS.geoloc, publish.child('item')?.attrs['id'] ?? 'current');
  },
);

/** @returns why it is refused */
function tellPosition(session: Session, publish: Element): IqReply | undefined {
  const geoloc = publish.child('item')?.child('geoloc', NS.geoloc);
  if (!geoloc) return { error: 'bad-request' };
  if (geoloc.elements.length === 0) return undefined;
  const position = readPosition(geoloc);
  if (!position) return { error: 'bad-request', text: 'not a position' };
  session.hooks.onPosition?.(session, position);
  return undefined;
}

async function onPublish(
  store: AccountStore,
  { session, payload }: IqRequest,
  publish: Element,
): Promise<IqReply> {
  const { node } = publish.attrs;
  const [item, ...more] = publish.elements;
  const content = item?.elements ?? [];
  if (!isNodeName(node)) return refused('bad-request', 'nodeid-required');
  if (!item || more.length > 0 || content.length !== 1) return refused('bad-request', 'invalid-payload');
  const id = item.attrs['id'] ?? randomBytes(9).toString('base64url');
  if (!isNodeName(id)) return { error: 'bad-request' };
  const nodes = new PepNodes(store, session.jid.local);
  const before = await nodes.settings(node);
  const options = payload.child('publish-options');
  const wanted = settingsIn((options && submittedForm(options)) ?? new Map(), before ?? DEFAULT_SETTINGS);
  if (!wanted) return { error: 'bad-request' };
  if (before && wanted.maxItems !== before.maxItems) return refused('conflict', 'precondition-not-met');
  const serialized = content[0]!.toString();
  const outcome = await nodes.publish(node, wanted, { id, payload: serialized });
  if (outcome === 'kept') tellItem(session, node, { id, payload: serialized });
  return changed(outcome, published(node, id));
}

async function onRetract(store: AccountStore, { session }: IqRequest, retract: Element): Promise<IqReply> {
  const { node, notify } = retract.attrs;
  const ids = retract.elements.map(({ attrs }) => attrs['id']);
  if (!isNodeName(node)) return refused('bad-request', 'nodeid-required');
  if (ids.length === 0 || ids.includes(undefined)) return refused('bad-request', 'item-required');
  const nodes = new PepNodes(store, session.jid.local);
  const known = new Set((await nodes.items(node)).map((item) => item.id));
  if (!(ids as string[]).every((id) => known.has(id))) return { error: 'item-not-found' };
  await nodes.retract(node, ids as string[]);
  if (notify === 'true' || notify === '1') tellRetracted(session, node, ids as string[]);
  return '';
}

/** All items of a node, those that are named, or the newest (XEP-0060 §6.5). */
async function retrieve(store: AccountStore, { session, payload }: IqRequest): Promise<IqReply> {
  const wanted = payload.child('items');
  if (!wanted) return unsupported('manage-subscriptions');
  const { node, max_items: most } = wanted.attrs;
  if (!isNodeName(node)) return refused('bad-request', 'nodeid-required');
  if (most !== undefined && !/^[1-9]\d{0,8}$/.test(most)) return { error: 'bad-request' };
  const nodes = new PepNodes(store, session.jid.local);
  if (!(await nodes.settings(node))) return { error: 'item-not-found' };
  const named = new Set(wanted.elements.map(({ attrs }) => attrs['id']));
  const all = (await nodes.items(node)).filter(({ id }) => named.size === 0 || named.has(id));
  const items = (most === undefined ? all : all.slice(-Number(most))).map(
    ({ id, payload: content }) => `<item id='${escapeXml(id)}'>${content}</item>`,
  );
  return `<pubsub xmlns='${NS.pubsub}'><items node='${escapeXml(node)}'>${items.join('')}</items></pubsub>`;
}

function published(node: string, id: string): IqReply {
  const item = `<item id='${escapeXml(id)}'/>`;
  return `<pubsub xmlns='${NS.pubsub}'><publish node='${escapeXml(node)}'>${item}</publish></pubsub>`;
}

function refused(error: 'bad-request' | 'conflict', condition: string): IqReply {
  return { error, extension: `<${condition} xmlns='${NS.pubsubErrors}'/>` };
}

function unsupported(feature: string): IqReply {
  const extension = `<unsupported xmlns='${NS.pubsubErrors}' feature='${feature}'/>`;
  return { error: 'feature-not-implemented', extension };
}
