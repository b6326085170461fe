import type { Cap } from '@carillon/domain';
import { runScript } from '@carillon/redis';
import { byShard, type Store } from '../store.js';

export const MAX_CAPS = 100;

/** Whom a cap counts for: a user, or a device that has none. */
export interface CapSubject {
  readonly deviceId: string;
  readonly user?: string;
}

/** The frequency caps of an app, and what has been counted against them. */
export class RedisCaps {
  constructor(private readonly store: Store) {}

  /** In the order of their categories. */
  async list(app: string): Promise<Cap[]> {
    const fields = await this.store.client.hgetall(this.store.keys.caps(app));
    return Object.values(fields)
      .map((json) => JSON.parse(json) as Cap)
      .sort((a, b) => (a.category < b.category ? -1 : 1));
  }

  /** @returns whether it is new */
  async save(app: string, cap: Cap): Promise<boolean> {
    return (await this.store.client.hset(this.store.keys.caps(app), cap.category, JSON.stringify(cap))) === 1;
  }

  async delete(app: string, category: string): Promise<boolean> {
    return (await this.store.client.hdel(this.store.keys.caps(app), category)) === 1;
  }

  /**
   * Counts a notification for each of these, once a user, all caps or none. Atomic per user; asked again, the answer is the same.
   * @returns the cap that holds it back, by device; who may get it is left out
   */
  async claim(
    app: string,
    notificationId: string,
    caps: readonly Cap[],
    subjects: readonly CapSubject[],
    now: number,
  ): Promise<Map<string, Cap>> {
    const owners = [...new Set(subjects.map(ownerOf))];
    const answers = new Map<string, Cap>();
    const groups = byShard(owners, (owner) => this.store.partitionOf(idOf(owner)));
    await Promise.all(
      [...groups].map(async ([partition, own]) => {
        const held = await this.claimIn(partition, app, notificationId, caps, own, now);
        own.forEach((owner, i) => held[i]! > 0 && answers.set(owner, caps[held[i]! - 1]!));
      }),
    );
    return new Map(
      subjects.flatMap((subject) => {
        const cap = answers.get(ownerOf(subject));
        return cap ? [[subject.deviceId, cap]] : [];
      }),
    );
  }

  private claimIn(
    partition: number,
    app: string,
    notificationId: string,
    caps: readonly Cap[],
    owners: readonly string[],
    now: number,
  ): Promise<number[]> {
    const { client, keys } = this.store;
    return runScript<number[]>(
      client,
      'claim-caps',
      owners.flatMap((owner) => caps.map(({ category }) => keys.capped(partition, app, category, owner))),
      [now, notificationId, caps.length, ...caps.flatMap(({ max, seconds }) => [max, seconds * 1_000])],
    );
  }
}

/** `u:USER`, or `d:DEVICE` where there is no user. */
const ownerOf = ({ deviceId, user }: CapSubject): string =>
  user === undefined ? `d:${deviceId}` : `u:${user}`;
const idOf = (owner: string): string => owner.slice(2);
