import { byShard, type Store } from '../store.js';

/** Devices of the app among these ids: one command a partition. */
export async function devicesOfApp(store: Store, app: string, ids: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  const groups = byShard(ids, (id) => store.partitionOf(id));
  await Promise.all(
    [...groups].map(async ([partition, own]) => {
      const members = await store.client.smismember(store.keys.allDevices(partition, app), own);
      for (const [i, id] of own.entries()) if (members[i] === 1) found.add(id);
    }),
  );
  return found;
}
