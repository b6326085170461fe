import { createHash } from 'node:crypto';
import { type DeviceLogin, shardOf } from '@carillon/domain';
import { GatheredScripts, type RedisClient, type RedisKeys } from '@carillon/redis';
import type { ArchivedMessage } from '@carillon/xmpp-server';
import type { TransportLogger } from '../transport-context.js';

const LIFETIME_MS = 7 * 24 * 3_600_000;
const MAX_ENTRIES = 200;
/** Writes wait so long for others to be stored with, ms. */
const GATHER_MS = 20;

type Owner = Pick<DeviceLogin, 'id' | 'user' | 'credentials'>;

interface Place {
  readonly owner: Owner;
  readonly partition: number;
  readonly key: string;
}

interface Push extends Omit<Place, 'owner'> {
  readonly id: string;
  readonly at: number;
}

/**
 * Which pushes a device was written over XMPP: their ids and times, the newest 200 of a week. Who gets the device after its user, or
 * registers it anew, finds none of them. A push that could not be stored is missing, and logged.
 */
export class RedisArchive {
  private readonly places = new WeakMap<object, Place>();
  private waiting: Push[] = [];
  private timer: NodeJS.Timeout | undefined;
  private readonly scripts: GatheredScripts;

  constructor(
    private readonly client: RedisClient,
    private readonly keys: RedisKeys,
    private readonly logger: Pick<TransportLogger, 'warn'>,
  ) {
    this.scripts = new GatheredScripts(client);
  }

  /** @param at when it was sent, ms since 1970 */
  keep(owner: Owner, id: string, at: number): void {
    this.waiting.push({ ...this.placeOf(owner), id, at });
    this.timer ??= setTimeout(() => void this.flush(), GATHER_MS);
  }

  /** A push that was taken back. */
  async forget(owner: Owner, id: string): Promise<void> {
    await this.flush();
    await this.client.zrem(this.keyOf(owner), id);
  }

  /** Oldest first. */
  async list(owner: Owner): Promise<ArchivedMessage[]> {
    await this.flush();
    const flat = await this.client.zrange(this.keyOf(owner), '0', '-1', 'WITHSCORES');
    const messages: ArchivedMessage[] = [];
    for (let i = 0; i < flat.length; i += 2) messages.push({ id: flat[i]!, at: Number(flat[i + 1]) });
    return messages;
  }

  /** One script a partition; on one Redis they go as one. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { waiting } = this;
    this.waiting = [];
    const partitions = new Map<number, Push[]>();
    for (const push of waiting) {
      const own = partitions.get(push.partition);
      if (own) own.push(push);
      else partitions.set(push.partition, [push]);
    }
    await Promise.all([...partitions.values()].map((own) => this.store(own)));
  }

  private async store(pushes: readonly Push[]): Promise<void> {
    const args = pushes.flatMap(({ at, id }) => [at, id]);
    const keys = pushes.map(({ key }) => key);
    try {
      await this.scripts.run<number>('archive-pushes', keys, [MAX_ENTRIES, LIFETIME_MS, ...args]);
    } catch (error) {
      this.logger.warn({ error: String(error), pushes: pushes.length }, 'pushes are missing in the archive');
    }
  }

  private keyOf(owner: Owner): string {
    return this.placeOf(owner).key;
  }

  /** The same for all pushes of a log-in, but for one that gets another password. */
  private placeOf(owner: Owner): Place {
    const known = this.places.get(owner.credentials);
    if (known?.owner === owner) return known;
    const partition = shardOf(owner.id, this.keys.partitions);
    const place = { owner, partition, key: this.keys.archive(partition, owner.id, tagOf(owner)) };
    this.places.set(owner.credentials, place);
    return place;
  }
}

function tagOf({ user = '', credentials }: Owner): string {
  return createHash('sha256').update(`${credentials.tokenHash}\0${user}`).digest('base64url').slice(0, 12);
}
