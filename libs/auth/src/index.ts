export * from './api-keys.js';
export * from './chosen-passwords.js';
export * from './decoys.js';
export * from './device-credentials.js';
export * from './key-verifier.js';
export * from './registration-keys.js';
export * from './scram-keys.js';
export * from './secrets.js';
