import { escapeXml } from '../stanza/escape.js';
import { NS } from '../stream/namespaces.js';
import type { Feature } from './feature.js';

/** The app has a name; accounts have an empty card that cannot be changed (XEP-0054 §3). */
export const vcard: Feature = {
  iq: [
    {
      type: 'get',
      name: 'vCard',
      ns: NS.vcard,
      at: ['account', 'server'],
      handle: () => `<vCard xmlns='${NS.vcard}'/>`,
    },
    {
      type: 'get',
      name: 'vCard',
      ns: NS.vcard,
      at: ['contact'],
      handle: ({ session }) =>
        `<vCard xmlns='${NS.vcard}'><FN>${escapeXml(session.contact.name)}</FN></vCard>`,
    },
    { type: 'set', name: 'vCard', ns: NS.vcard, at: ['account'], handle: () => ({ error: 'not-allowed' }) },
  ],
};
