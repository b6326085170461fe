import {
  type Audience,
  type AudienceTerm,
  type DrivingSet,
  drivingSet,
  isTerm,
  matches,
  namesOf,
} from '@carillon/domain';
import type { RedisUsers } from '../devices/redis-users.js';
import { byShard, resultsOf, type Store } from '../store.js';
import { Candidates } from './candidates.js';
import { readFacts } from './page-facts.js';
import { needsOf, type PreparedTerm, setsOf, testRow } from './prepared-term.js';
import type { StoredList } from './redis-lists.js';
import { UserLists } from './user-lists.js';

/** Devices per page: one deposit script each. */
export const PAGE_SIZE = 500;
/** Devices of one task, unless a single partition has more. */
const TASK_SIZE = 1_000;

/** One evaluation of an expression, partition by partition and page by page: memory stays flat whatever the number of devices. */
export class AudienceQuery {
  private readonly candidates: Candidates;
  private readonly userLists: UserLists;

  constructor(
    private readonly store: Store,
    users: RedisUsers,
    private readonly app: string,
    private readonly audience: Audience,
    private readonly terms: ReadonlyMap<AudienceTerm, PreparedTerm>,
  ) {
    this.candidates = new Candidates(store, users, app, PAGE_SIZE);
    this.userLists = new UserLists(store, app);
  }

  /**
   * The devices of an audience that names devices and users, by partition; undefined where partitions have to be searched.
   * @param checked whether what is no device of the app is left out: a deposit passes over it anyway
   */
  async named({ checked = true } = {}): Promise<Map<number, string[]> | undefined> {
    const { terms } = drivingSet(this.audience, namedSize);
    if (!terms.every(isNamed)) return undefined;
    const isExact = this.isExact(terms);
    const idsOf = async (term: AudienceTerm): Promise<readonly string[]> =>
      isExact && !checked && 'device' in term ? term.device : this.candidates.named(term);
    const ids = new Set((await Promise.all(terms.map(idsOf))).flat());
    const partitions = byShard([...ids], (id) => this.store.partitionOf(id));
    if (isExact) return partitions;
    const filtered = await Promise.all(
      [...partitions].map(async ([partition, page]): Promise<[number, string[]]> => [
        partition,
        await this.matching(partition, page),
      ]),
    );
    return new Map(filtered.filter(([, page]) => page.length > 0));
  }

  /** Partitions that may hold members. */
  async partitions(): Promise<number[]> {
    const sizes = await this.sizesByPartition();
    return sizes.flatMap((size, partition) => (size > 0 ? [partition] : []));
  }

  /** Partitions that may hold members, in parts that one searches at a time: those that have few go together. */
  async tasks(): Promise<number[][]> {
    const tasks: number[][] = [];
    let room = 0;
    for (const [partition, size] of (await this.sizesByPartition()).entries()) {
      if (size === 0) continue;
      if (size <= room) tasks.at(-1)!.push(partition);
      else {
        tasks.push([partition]);
        room = TASK_SIZE;
      }
      room -= size;
    }
    return tasks;
  }

  /** How many devices drive the search, partition by partition. */
  async sizesByPartition(): Promise<number[]> {
    const { itself } = this;
    const sizeOf = async (partition: number): Promise<number> =>
      itself
        ? this.candidates.setSize(partition, this.prepared(itself))
        : (await this.driving(partition)).size;
    return Promise.all(this.store.allPartitions().map(sizeOf));
  }

  /** Whether what drives the search is the audience, each device once: its size needs no search. */
  get isCountable(): boolean {
    return this.itself !== undefined;
  }

  /** The audience, where one index finds it and nobody else. */
  private get itself(): AudienceTerm | undefined {
    const { audience } = this;
    if (!isTerm(audience)) return undefined;
    const names = [namesOf(audience, 'tag'), namesOf(audience, 'group')];
    return 'everyone' in audience || names.some(({ length }) => length === 1) ? audience : undefined;
  }

  /** What drives the search of a partition, as large as its indexes are now: one round trip. */
  async driving(partition: number): Promise<DrivingSet> {
    const sizes = await this.sizes(partition);
    return drivingSet(
      this.audience,
      (term) => sizes.get(term) ?? (isEveryone(term) ? sizes.get(EVERYONE) : undefined),
    );
  }

  /** The audience's devices in one partition, in pages. A device may come twice (SSCAN, several driving terms); deposits are made for that. */
  async *pages(partition: number): AsyncGenerator<string[]> {
    for await (const { members } of this.walk(partition)) if (members.length > 0) yield members;
  }

  /** As `pages`, and how many devices were looked at for each. */
  async *walk(partition: number): AsyncGenerator<{ candidates: number; members: string[] }> {
    const terms = this.itself ? [this.itself] : (await this.driving(partition)).terms;
    const isExact = this.isExact(terms);
    for (const term of terms) {
      const prepared = this.prepared(term);
      for await (const page of this.candidates.pages(partition, prepared)) {
        const members =
          isExact && page.certain
            ? [...page.ids]
            : await this.filter(partition, page.ids, page.certain && isCertain(term) ? term : undefined);
        yield { candidates: page.ids.length, members };
      }
    }
  }

  /** Those devices of a page of one partition that match the whole expression, and are the app's. */
  matching(partition: number, page: readonly string[]): Promise<string[]> {
    return this.filter(partition, page);
  }

  /** @param known a term that all of them, devices of the app, are known to match */
  private async filter(partition: number, page: readonly string[], known?: AudienceTerm): Promise<string[]> {
    if (page.length === 0) return [];
    const terms = [...this.terms.values()].filter(({ term }) => term !== known);
    const everyone = this.prepared(EVERYONE);
    const asked = known ? terms : [...terms, everyone];
    const needs = needsOf(this.store, this.app, partition, asked);
    const facts = await readFacts(this.store, this.app, partition, page, needs);
    const owners = facts.fields.map((fields) => fields.get('user'));
    const inUserList = await this.userLists.read(terms, owners);
    const [all] = setsOf(this.store, this.app, partition, everyone);
    const columns = new Map<AudienceTerm, boolean[]>();
    for (const prepared of terms) {
      const sets = setsOf(this.store, this.app, partition, prepared).map((key) => facts.sets.get(key)!);
      const test = (id: string, row: number): boolean => {
        if (prepared.lists)
          return isListed(prepared.lists, sets, row, (list) => inUserList(list, owners[row]));
        return sets.length > 0 ? sets.some((set) => set[row] === 1) : testRow(prepared, facts, row, id);
      };
      columns.set(prepared.term, page.map(test));
    }
    if (known)
      columns.set(
        known,
        page.map(() => true),
      );
    const members = known ? undefined : facts.sets.get(all!)!;
    return page.filter((_, row) => (!members || members[row] === 1) && matches(this.audience, columns, row));
  }

  private prepared(term: AudienceTerm): PreparedTerm {
    return this.terms.get(term) ?? { term, now: 0 };
  }

  /** Whether what these terms find needs no further test. */
  private isExact(terms: readonly AudienceTerm[]): boolean {
    const nodes = 'any' in this.audience ? this.audience.any : [this.audience];
    const drives = (node: Audience): boolean =>
      isTerm(node) && ('everyone' in node ? terms.some(isEveryone) : terms.includes(node));
    return terms.every(isCertain) && nodes.every(drives);
  }

  /** How many devices each indexed term finds in a partition, at the most. */
  private async sizes(partition: number): Promise<Map<AudienceTerm, number>> {
    const pipeline = this.store.client.pipeline();
    const counted: { term: AudienceTerm; replies: number }[] = [];
    const sizes = new Map<AudienceTerm, number>();
    for (const prepared of [...this.terms.values(), this.prepared(EVERYONE)]) {
      const { term } = prepared;
      if (isNamed(term)) sizes.set(term, await this.candidates.namedSize(partition, term));
      else {
        const replies = this.candidates.addSizes(pipeline, partition, prepared);
        if (replies >= 0) counted.push({ term, replies });
      }
    }
    const replies = resultsOf(await pipeline.exec()) as number[];
    let at = 0;
    for (const each of counted) {
      sizes.set(
        each.term,
        replies.slice(at, at + each.replies).reduce((sum, size) => sum + size, 0),
      );
      at += each.replies;
    }
    return sizes;
  }
}

const EVERYONE: AudienceTerm = { everyone: true };

/** Of each list there are two sets: its devices, and a superset of the devices of its users. */
function isListed(
  lists: readonly StoredList[],
  sets: readonly (readonly number[])[],
  row: number,
  hasUser: (list: StoredList) => boolean,
): boolean {
  return lists.some((list, i) => sets[2 * i]![row] === 1 || (sets[2 * i + 1]![row] === 1 && hasUser(list)));
}

const isEveryone = (term: AudienceTerm): boolean => 'everyone' in term;
const isNamed = (term: AudienceTerm): boolean => 'device' in term || 'user' in term;

/** Terms whose candidates are the app's own and match for certain, unless their page says otherwise. */
const isCertain = (term: AudienceTerm): boolean =>
  isNamed(term) ||
  'everyone' in term ||
  'group' in term ||
  'tag' in term ||
  ('area' in term && term.area.maxAge === undefined);

/** Names are few and found without a search: they drive wherever they can. */
function namedSize(term: AudienceTerm): number | undefined {
  if ('device' in term) return term.device.length;
  if ('user' in term) return 5 * term.user.length;
  return 'everyone' in term ? 1e12 : 1e9;
}
