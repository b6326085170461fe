import { describeStreamStoreContract } from '../testing/stream-store-contract.js';
import { InMemoryStreamManagementStore } from './stream-management-store.js';

describeStreamStoreContract('InMemoryStreamManagementStore', () => {
  const first = new InMemoryStreamManagementStore('first');
  return { first, second: first.forServer('second') };
});
