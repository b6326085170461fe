import type { AccountStore } from '../account/account-store.js';
import { emptyForm, submittedForm } from '../stanza/data-form.js';
import { escapeXml } from '../stanza/escape.js';
import { NS } from '../stream/namespaces.js';
import { changed, withStore } from './account-records.js';
import type { Feature, IqReply, IqRequest } from './feature.js';
import { DEFAULT_SETTINGS, isNodeName, type NodeSettings, PepNodes, settingsIn } from './pep-nodes.js';

/** What the owner of a node may do to it (XEP-0060 §8.2 to §8.5): every account owns its own. */
export const nodeOwner: Feature = {
  iq: [
    { type: 'get', name: 'pubsub', ns: NS.pubsubOwner, at: ['account'], handle: withStore(read) },
    { type: 'set', name: 'pubsub', ns: NS.pubsubOwner, at: ['account'], handle: withStore(write) },
  ],
};

async function read(store: AccountStore, { session, payload }: IqRequest): Promise<IqReply> {
  const configure = payload.child('configure');
  if (payload.child('default')) return owned(`<default>${form(DEFAULT_SETTINGS)}</default>`);
  const node = configure?.attrs['node'];
  if (!configure || !isNodeName(node)) return { error: 'bad-request' };
  const settings = await new PepNodes(store, session.jid.local).settings(node);
  if (!settings) return { error: 'item-not-found' };
  return owned(`<configure node='${escapeXml(node)}'>${form(settings)}</configure>`);
}

async function write(store: AccountStore, { session, payload }: IqRequest): Promise<IqReply> {
  const [action] = payload.elements;
  const node = action?.attrs['node'];
  if (!action || !isNodeName(node)) return { error: 'bad-request' };
  const nodes = new PepNodes(store, session.jid.local);
  const settings = await nodes.settings(node);
  if (!settings) return { error: 'item-not-found' };
  if (action.name === 'configure') {
    const wanted = settingsIn(submittedForm(action) ?? new Map(), settings);
    return wanted ? changed(await nodes.configure(node, wanted)) : { error: 'not-acceptable' };
  }
  if (action.name === 'delete') await nodes.delete(node);
  else if (action.name === 'purge') await nodes.purge(node);
  else return { error: 'feature-not-implemented' };
  return '';
}

function form({ maxItems }: NodeSettings): string {
  return emptyForm([
    { name: 'FORM_TYPE', type: 'hidden', value: NS.pubsubConfig },
    { name: 'pubsub#persist_items', type: 'boolean', value: maxItems > 0 ? '1' : '0' },
    { name: 'pubsub#max_items', type: 'text-single', value: String(maxItems) },
    { name: 'pubsub#access_model', type: 'text-single', value: 'whitelist' },
  ]);
}

function owned(content: string): IqReply {
  return `<pubsub xmlns='${NS.pubsubOwner}'>${content}</pubsub>`;
}
