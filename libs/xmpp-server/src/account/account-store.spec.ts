import { describeAccountStoreContract } from '../testing/account-store-contract.js';
import { InMemoryAccountStore } from './account-store.js';

describeAccountStoreContract('the one in memory', (bounds) =>
  Promise.resolve({
    store: new InMemoryAccountStore(bounds, (account) => account !== 'nobody'),
    account: 'dev1',
    stranger: 'nobody',
  }),
);
