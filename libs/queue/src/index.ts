export * from './client-redis-streams.js';
export * from './dead-letters.js';
export * from './redis-streams-context.js';
export * from './server-redis-streams.js';
export * from './stream-consumer.js';
export * from './stream-controller.js';
export * from './stream-entry.js';
