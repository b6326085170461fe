export * from './in-memory-device-state.js';
export * from './inbox-contract.js';
export * from './presence-contract.js';
