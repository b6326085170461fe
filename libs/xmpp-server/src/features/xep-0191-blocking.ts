import { NS } from '../stream/namespaces.js';
import type { Feature } from './feature.js';

/** Nobody writes to a device but its app: the list is empty and stays so. Not announced. */
export const blocking: Feature = {
  iq: [
    {
      type: 'get',
      name: 'blocklist',
      ns: NS.blocking,
      at: ['account'],
      handle: () => `<blocklist xmlns='${NS.blocking}'/>`,
    },
    {
      type: 'set',
      name: 'block',
      ns: NS.blocking,
      at: ['account'],
      handle: () => ({ error: 'not-allowed' }),
    },
    { type: 'set', name: 'unblock', ns: NS.blocking, at: ['account'], handle: () => '' },
  ],
};
