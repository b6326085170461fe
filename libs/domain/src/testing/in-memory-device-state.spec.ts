import type { InboxBounds } from '../ports/inbox.js';
import {
  describeInboxContract,
  describePresenceContract,
  InMemoryDeviceState,
  InMemoryInbox,
  InMemoryPresence,
} from './index.js';

const make = () => {
  const state = new InMemoryDeviceState();
  let count = 0;
  return Promise.resolve({
    inbox: new InMemoryInbox(state, { maxEntries: 3, maxBytes: 5_000 }),
    bounded: (bounds: Partial<InboxBounds>) => new InMemoryInbox(state, bounds),
    presence: new InMemoryPresence(state),
    singlePresence: new InMemoryPresence(state, 'single'),
    partitionOf: () => 0,
    tokenHash: 'hash',
    device: (app?: string) => {
      const id = `device-${++count}`;
      state.addDevice(id, 'hash', app);
      return Promise.resolve(id);
    },
    namePushService: (id: string) => {
      state.devices.get(id)!.hasPushService = true;
      return Promise.resolve();
    },
    move: (id: string, user = '') => {
      if (state.devices.get(id)!.user !== user) state.moveDevice(id, user, Date.now());
      return Promise.resolve();
    },
  });
};

describeInboxContract('InMemoryInbox', make);
describePresenceContract('InMemoryPresence', make);
