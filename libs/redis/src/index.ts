export * from './installation.js';
export * from './redis-client.js';
export * from './redis-keys.js';
export * from './redis-scripts.js';
