import type { Feature } from './feature.js';

/** Announced where the owner keeps what comes for accounts that are away; it comes as deliveries, with the time of its sending (XEP-0203). */
export const offlineMessages: Feature = {
  vars: ['msgoffline'],
  offered: ({ keepsOfflineMessages }) => keepsOfflineMessages,
};
