export * from './account-store-contract.js';
export * from './scripted-client.js';
export * from './stream-store-contract.js';
