export * from './api-keys.js';
export * from './device-credentials.js';
export * from './key-verifier.js';
export * from './scram-keys.js';
export * from './secrets.js';
