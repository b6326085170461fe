export * from './stream-store-contract.js';
