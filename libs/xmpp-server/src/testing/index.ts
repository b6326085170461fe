export * from './scripted-client.js';
export * from './stream-store-contract.js';
