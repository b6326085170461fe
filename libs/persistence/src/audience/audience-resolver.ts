import {
  type Audience,
  type AudiencePlan,
  type AudienceTerm,
  inCircle,
  matches,
  planAudience,
  termsOf,
} from '@carillon/domain';
import { byShard, resultsOf, type Store } from '../store.js';
import type { RedisUsers } from '../devices/redis-users.js';

/** Devices per page: one deposit script each. */
export const PAGE_SIZE = 500;

/** Finds an audience's devices, partition by partition and page by page: memory stays flat whatever their number. */
export class AudienceResolver {
  constructor(
    private readonly store: Store,
    private readonly users: RedisUsers,
  ) {}

  /** The devices of an audience that names devices and users alone, by partition. */
  async named(app: string, audience: Audience, plan: AudiencePlan): Promise<Map<number, string[]>> {
    const ids = new Set((await Promise.all(plan.drivers.map((term) => this.namedBy(app, term)))).flat());
    const partitions = byShard([...ids], (id) => this.store.partitionOf(id));
    if (plan.exact) return partitions;
    const filtered = await Promise.all(
      [...partitions].map(async ([partition, page]): Promise<[number, string[]]> => [
        partition,
        await this.matching(app, partition, audience, page),
      ]),
    );
    return new Map(filtered.filter(([, page]) => page.length > 0));
  }

  /** Partitions that may hold members of the audience. */
  async partitions(app: string, plan: AudiencePlan): Promise<number[]> {
    const found = await Promise.all(
      this.store.allPartitions().map(async (partition) => {
        const sizes = await Promise.all(plan.drivers.map((term) => this.size(app, partition, term)));
        return sizes.some((size) => size > 0) ? [partition] : [];
      }),
    );
    return found.flat();
  }

  /** The audience's devices in one partition, in pages. A device may come twice (SSCAN); deposits are made for that. */
  async *pages(app: string, partition: number, audience: Audience): AsyncGenerator<string[]> {
    const plan = planAudience(audience);
    for (const term of plan.drivers) {
      for await (const page of this.candidates(app, partition, term)) {
        const members = plan.exact ? page : await this.matching(app, partition, audience, page);
        if (members.length > 0) yield members;
      }
    }
  }

  private async namedBy(app: string, term: AudienceTerm): Promise<string[]> {
    if ('device' in term) return this.ofApp(app, term.device);
    if (!('user' in term)) return [];
    return (await Promise.all(term.user.map((user) => this.users.devices(app, user)))).flat();
  }

  private async ofApp(app: string, ids: readonly string[]): Promise<string[]> {
    const { client, keys } = this.store;
    const owners = await Promise.all(
      ids.map((id) => client.hget(keys.device(this.store.partitionOf(id), id), 'app')),
    );
    return ids.filter((_, i) => owners[i] === app);
  }

  private async size(app: string, partition: number, term: AudienceTerm): Promise<number> {
    const { client, keys } = this.store;
    if ('area' in term) return client.zcard(keys.positions(partition, app));
    if ('device' in term || 'user' in term) {
      const ids = await this.namedBy(app, term);
      return ids.filter((id) => this.store.partitionOf(id) === partition).length;
    }
    const sizes = await Promise.all(this.setsOf(app, partition, term).map((key) => client.scard(key)));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  private async *candidates(app: string, partition: number, term: AudienceTerm): AsyncGenerator<string[]> {
    if ('area' in term) {
      yield* slices(await this.inArea(app, partition, term.area.circle));
    } else if ('device' in term || 'user' in term) {
      const ids = await this.namedBy(app, term);
      yield* slices(ids.filter((id) => this.store.partitionOf(id) === partition));
    } else {
      for (const key of this.setsOf(app, partition, term)) yield* this.scan(key);
    }
  }

  private async *scan(key: string): AsyncGenerator<string[]> {
    let cursor = '0';
    do {
      const [next, ids] = await this.store.client.sscan(key, cursor, 'COUNT', PAGE_SIZE);
      yield* slices(ids);
      cursor = next;
    } while (cursor !== '0');
  }

  private inArea(
    app: string,
    partition: number,
    { lat, lon, radius }: { lat: number; lon: number; radius: number },
  ): Promise<string[]> {
    const key = this.store.keys.positions(partition, app);
    return this.store.client.geosearch(key, 'FROMLONLAT', lon, lat, 'BYRADIUS', radius, 'm') as Promise<
      string[]
    >;
  }

  private setsOf(app: string, partition: number, term: AudienceTerm): string[] {
    const { keys } = this.store;
    if ('tag' in term) return term.tag.map((tag) => keys.tag(partition, app, tag));
    if ('group' in term) return term.group.map((group) => keys.groupDevices(partition, app, group));
    return 'everyone' in term ? [keys.allDevices(partition, app)] : [];
  }

  /** Those devices of a partition that match the whole expression. */
  async matching(
    app: string,
    partition: number,
    audience: Audience,
    page: readonly string[],
  ): Promise<string[]> {
    const terms = new Map<AudienceTerm, boolean[]>();
    await Promise.all(
      [...new Set(termsOf(audience))].map(async (term) => {
        terms.set(term, await this.test(app, partition, term, page));
      }),
    );
    return page.filter((_, i) => matches(audience, terms, i));
  }

  /** As `matching`, for devices of one partition, and only those of the app. */
  async matchingOf(app: string, audience: Audience, page: readonly string[]): Promise<string[]> {
    const own = await this.ofApp(app, page);
    if (own.length === 0) return [];
    return this.matching(app, this.store.partitionOf(own[0]!), audience, own);
  }

  /** The user of each device of one partition; '' without one. */
  async owners(page: readonly string[]): Promise<Map<string, string>> {
    const pipeline = this.store.client.pipeline();
    for (const id of page) pipeline.hget(this.store.keys.device(this.store.partitionOf(id), id), 'user');
    const found = resultsOf(await pipeline.exec()) as (string | null)[];
    return new Map(page.map((id, i) => [id, found[i] ?? '']));
  }

  /** For each device of the page, whether it matches one term. */
  private async test(
    app: string,
    partition: number,
    term: AudienceTerm,
    page: readonly string[],
  ): Promise<boolean[]> {
    if ('everyone' in term) return page.map(() => true);
    if ('device' in term) return page.map((id) => term.device.includes(id));
    if ('user' in term) return this.testUser(term.user, page);
    if ('area' in term) {
      const positions = await this.store.client.geopos(this.store.keys.positions(partition, app), ...page);
      return positions.map(
        (at) => at !== null && inCircle({ lon: Number(at![0]), lat: Number(at![1]) }, term.area.circle),
      );
    }
    const rows = await Promise.all(
      this.setsOf(app, partition, term).map((key) => this.store.client.smismember(key, ...page)),
    );
    return page.map((_, i) => rows.some((row) => row[i] === 1));
  }

  private async testUser(users: readonly string[], page: readonly string[]): Promise<boolean[]> {
    const owners = await this.owners(page);
    return page.map((id) => users.includes(owners.get(id)!));
  }
}

function* slices(ids: readonly string[]): Generator<string[]> {
  for (let i = 0; i < ids.length; i += PAGE_SIZE) yield ids.slice(i, i + PAGE_SIZE);
}
