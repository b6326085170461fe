import { runScript } from '@carillon/redis';
import type { Store } from '../store.js';

/** So much of the rate may be made up for after a delay, ms. */
const CATCH_UP_MS = 100;
/** A pace that nobody asked for so long starts anew, ms. */
const PACE_LIFE = 60_000;

export interface Permits {
  readonly granted: number;
  /** Until there is another one, ms. */
  readonly wait: number;
}

/** Which notifications are on their way at a pace, and how fast each may go. */
export class PacedNotifications {
  constructor(private readonly store: Store) {}

  /** It is looked at from now on. Again changes nothing. */
  async enlist(id: string, now: number): Promise<void> {
    await this.store.client.zadd(this.store.keys.paced(this.store.laneOf(id)), 'NX', now, id);
  }

  /** Those of a lane that are to be looked at. */
  due(lane: number, now: number, limit: number): Promise<string[]> {
    return this.store.client.zrangebyscore(this.store.keys.paced(lane), '-inf', now, 'LIMIT', 0, limit);
  }

  /** It is looked at again at that time. */
  async postpone(id: string, until: number): Promise<void> {
    await this.store.client.zadd(this.store.keys.paced(this.store.laneOf(id)), 'XX', until, id);
  }

  /** Permits for deliveries at `perSecond`, over all workers together. */
  async permits(id: string, perSecond: number, wanted: number, now: number): Promise<Permits> {
    const key = this.store.keys.pace(this.store.laneOf(id), id);
    const [granted, wait] = await runScript<[number, number]>(
      this.store.client,
      'take-permits',
      [key],
      [now, 1000 / perSecond, wanted, CATCH_UP_MS, PACE_LIFE + Math.ceil(1000 / perSecond)],
    );
    return { granted, wait };
  }

  /** Nobody waits any more. False: a task of its fan-out may still add devices. */
  async finish(id: string, now: number): Promise<boolean> {
    const { client, keys } = this.store;
    const lane = this.store.laneOf(id);
    const names = [keys.notification(lane, id), keys.openTasks(lane, id), keys.paced(lane)];
    return (await runScript<number>(client, 'finish-paced', names, [id, now])) === 1;
  }
}
