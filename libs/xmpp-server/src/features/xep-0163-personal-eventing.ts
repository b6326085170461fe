import { escapeXml } from '../stanza/escape.js';
import type { Element } from '../stanza/element.js';
import { NS } from '../stream/namespaces.js';
import type { Feature, IqReply, IqRequest } from './feature.js';
import { readPosition } from './xep-0080-location.js';

/**
 * As much of PEP as clients need: a position is taken from the node that XEP-0080 names, an empty one being the end of sharing;
 * other nodes hold nothing and take nothing.
 */
export const personalEventing: Feature = {
  accountVars: [`${NS.pubsub}#publish`],
  iq: [
    { type: 'set', name: 'pubsub', ns: NS.pubsub, at: ['account'], handle: onSet },
    {
      type: 'get',
      name: 'pubsub',
      ns: NS.pubsub,
      at: ['account'],
      handle: () => ({ error: 'item-not-found' }),
    },
  ],
};

function onSet({ session, payload }: IqRequest): IqReply {
  const publish = payload.child('publish');
  if (!publish) return unsupported('manage-subscriptions');
  if (publish.attrs['node'] !== NS.geoloc) return unsupported('persistent-items');
  const item = publish.child('item');
  const geoloc = item?.child('geoloc', NS.geoloc);
  if (!geoloc) return { error: 'bad-request' };
  if (geoloc.elements.length > 0) {
    const position = readPosition(geoloc);
    if (!position) return { error: 'bad-request', text: 'not a position' };
    session.hooks.onPosition?.(session, position);
  }
  return published(item!);
}

function published(item: Element): IqReply {
  const id = escapeXml(item.attrs['id'] ?? 'current');
  return `<pubsub xmlns='${NS.pubsub}'><publish node='${NS.geoloc}'><item id='${id}'/></publish></pubsub>`;
}

function unsupported(feature: string): IqReply {
  const extension = `<unsupported xmlns='${NS.pubsubErrors}' feature='${feature}'/>`;
  return { error: 'feature-not-implemented', extension };
}
