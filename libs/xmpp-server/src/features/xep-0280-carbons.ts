import { NS } from '../stream/namespaces.js';
import type { Feature } from './feature.js';

/** Enabled on request, though there is nothing to copy: every resource gets its pushes from the gateway (XEP-0280 §4). */
export const carbons: Feature = {
  iq: [
    { type: 'set', name: 'enable', ns: NS.carbons, at: ['account'], handle: () => '' },
    { type: 'set', name: 'disable', ns: NS.carbons, at: ['account'], handle: () => '' },
  ],
};
