import { byShard, type Store } from '../store.js';
import type { PreparedTerm } from './prepared-term.js';
import type { StoredList } from './redis-lists.js';

/** Whether users stand in uploaded lists, asked for a page of their devices at a time. */
export class UserLists {
  constructor(
    private readonly store: Store,
    private readonly app: string,
  ) {}

  async read(
    terms: readonly PreparedTerm[],
    owners: readonly (string | undefined)[],
  ): Promise<(list: StoredList, user: string | undefined) => boolean> {
    const lists = terms.flatMap((each) => each.lists ?? []).filter(({ users }) => users > 0);
    const users = [...new Set(owners.filter((user) => user !== undefined))];
    const found = new Map<string, Set<string>>();
    await Promise.all(lists.map(async ({ key }) => found.set(key, await this.members(key, users))));
    return ({ key }, user) => user !== undefined && (found.get(key)?.has(user) ?? false);
  }

  private async members(listKey: string, users: readonly string[]): Promise<Set<string>> {
    const { client, keys } = this.store;
    const members = new Set<string>();
    const partitions = byShard(users, (user) => this.store.partitionOf(user));
    await Promise.all(
      [...partitions].map(async ([partition, own]) => {
        const is = await client.smismember(keys.listUsers(partition, this.app, listKey), ...own);
        own.forEach((user, i) => is[i] === 1 && members.add(user));
      }),
    );
    return members;
  }
}
