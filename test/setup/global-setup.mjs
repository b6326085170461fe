/**
 * One throw-away Redis per jest run. Its address is in `process.env.TEST_REDIS_URL` for every spec;
 * a spec keeps to a key prefix of its own. Set TEST_REDIS_URL beforehand to use another Redis.
 */
import { startTestRedis } from './test-redis.mjs';

export default async function globalSetup() {
  if (process.env.TEST_REDIS_URL) return;
  const redis = await startTestRedis();
  process.env.TEST_REDIS_URL = redis.url;
  globalThis.__carillonTestRedis = redis;
}
