import { setTimeout as sleep } from 'node:timers/promises';
import { RedisServer } from '../support/redis-server.js';
import { WatchedRedis } from '../support/sentinels.js';
import { Ordeal } from './ordeal.js';

/** `npm run chaos -- --outage 30` makes the outages long; else they last as long as it takes to be noticed. */
const outageSeconds = Number(process.env.CHAOS_OUTAGE ?? 0);
const lasts = (shortMs: number): Promise<void> => sleep(outageSeconds * 1_000 || shortMs);
const LIMIT = 120_000 + outageSeconds * 3_000;

/** Devices noticed nothing, and backends were told to wait. */
function expectRiddenOut(ordeal: Ordeal): void {
  expect(ordeal.connectionsLost).toBe(0);
  expect(ordeal.strange()).toEqual([]);
  expect(new Set(ordeal.refused.map(({ status }) => status))).toEqual(new Set([503]));
  expect(ordeal.refused.every(({ retryAfter }) => retryAfter === '1')).toBe(true);
}

it(
  'rides out a Redis that is killed and restarted, and one that stands still',
  async () => {
    const redis = await RedisServer.start();
    try {
      const ordeal = await Ordeal.begin({ REDIS_URL: redis.url });
      try {
        await redis.kill();
        await lasts(1_500);
        await redis.start();
        await ordeal.goesOn();
        const refused = ordeal.refused.length;
        expect(refused).toBeGreaterThan(0);

        redis.pause();
        await lasts(12_000);
        redis.resume();
        await ordeal.goesOn();
        // Once it is known that it stands still nobody waits for it.
        expect(ordeal.refused.slice(refused).some(({ ms }) => ms < 1_000)).toBe(true);

        await ordeal.settle();
        expectRiddenOut(ordeal);
      } finally {
        await ordeal.end();
      }
    } finally {
      redis.resume();
      await redis.end();
    }
  },
  LIMIT,
);

it(
  'rides out a fail-over: what was accepted was on the replica before',
  async () => {
    const redis = await WatchedRedis.start();
    try {
      const ordeal = await Ordeal.begin({ REDIS_URL: redis.url, CARILLON_REDIS_REPLICAS: '1' });
      try {
        await redis.master.kill();
        await redis.promoted();
        await ordeal.goesOn();
        // It comes back as one that follows.
        await lasts(0);
        await redis.master.start();
        await ordeal.goesOn();
        await ordeal.settle();
        expectRiddenOut(ordeal);
        expect(ordeal.accepted.size).toBeGreaterThan(15);
      } finally {
        await ordeal.end();
      }
    } finally {
      await redis.end();
    }
  },
  LIMIT,
);
