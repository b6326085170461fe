import { hourOf } from '@carillon/domain';
import { runScript } from '@carillon/redis';
import { byShard, type Store } from '../store.js';

/** When devices are in use, counted by the hour of the day in their records. */
export class DeviceActivity {
  constructor(private readonly store: Store) {}

  /** @param weight what it counts for, see `CONNECTED_WEIGHT` */
  async note(deviceIds: readonly string[], at: number, weight: number): Promise<void> {
    const { client, keys } = this.store;
    const groups = byShard(deviceIds, (id) => this.store.partitionOf(id));
    await Promise.all(
      [...groups].map(([partition, own]) => {
        const records = own.map((id) => keys.device(partition, id));
        return runScript<number>(client, 'note-activity', records, [hourOf(at), weight]);
      }),
    );
  }
}
