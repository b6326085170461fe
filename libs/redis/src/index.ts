export * from './gathered-scripts.js';
export * from './installation.js';
export * from './redis-away.js';
export * from './redis-client.js';
export * from './redis-keys.js';
export * from './redis-scripts.js';
export { checkRedis, type RedisFacts } from './private-server/check-redis.js';
export { PrivateRedis } from './private-server/private-redis.js';
export { RedisUnavailableError } from './private-server/redis-unavailable-error.js';
