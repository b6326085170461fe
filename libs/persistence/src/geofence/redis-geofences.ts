import type { Geofence } from '@carillon/domain';
import type { Store } from '../store.js';
import { resultsOf } from '../store.js';

export const MAX_GEOFENCES = 20_000;

/** The fences of an app; a revision tells workers when to read them again. */
export class RedisGeofences {
  constructor(private readonly store: Store) {}

  async save(fence: Geofence): Promise<void> {
    const key = this.store.keys.geofences(fence.app);
    const json = JSON.stringify(fence);
    resultsOf(await this.store.client.multi().hset(key, fence.id, json).hincrby(key, REVISION, 1).exec());
  }

  async delete(app: string, id: string): Promise<boolean> {
    const key = this.store.keys.geofences(app);
    const [removed] = resultsOf(
      await this.store.client.multi().hdel(key, id).hincrby(key, REVISION, 1).exec(),
    );
    return removed === 1;
  }

  async find(app: string, id: string): Promise<Geofence | undefined> {
    const json = await this.store.client.hget(this.store.keys.geofences(app), id);
    return json === null ? undefined : (JSON.parse(json) as Geofence);
  }

  async count(app: string): Promise<number> {
    return Math.max(0, (await this.store.client.hlen(this.store.keys.geofences(app))) - 1);
  }

  async all(app: string): Promise<Geofence[]> {
    const { [REVISION]: _revision, ...fields } = await this.store.client.hgetall(
      this.store.keys.geofences(app),
    );
    return Object.values(fields)
      .map((json) => JSON.parse(json) as Geofence)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async revision(app: string): Promise<string> {
    return (await this.store.client.hget(this.store.keys.geofences(app), REVISION)) ?? '0';
  }
}

/** No fence can have this id: ids hold no white space. */
const REVISION = ' rev';
