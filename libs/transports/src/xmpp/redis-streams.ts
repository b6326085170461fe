import { shardOf } from '@carillon/domain';
import { type RedisClient, type RedisKeys, runScript } from '@carillon/redis';
import { type ClaimedStream, StreamManagementStore, type StreamRecord } from '@carillon/xmpp-server';

/** The XMPP sessions of all edges, beside the devices that they belong to, so that a device can resume on any edge. */
export class RedisStreams extends StreamManagementStore {
  constructor(
    private readonly client: RedisClient,
    private readonly keys: RedisKeys,
    private readonly edgeId: string,
  ) {
    super();
  }

  /** One script a partition. */
  async save(records: readonly StreamRecord[], ttlMs: number): Promise<readonly string[]> {
    const partitions = new Map<number, StreamRecord[]>();
    for (const record of records) {
      const partition = this.partitionOf(record.account);
      const group = partitions.get(partition);
      if (group) group.push(record);
      else partitions.set(partition, [record]);
    }
    const lost = await Promise.all([...partitions.values()].map((group) => this.saveGroup(group, ttlMs)));
    return lost.flat();
  }

  async claim(account: string, id: string, ttlMs: number): Promise<ClaimedStream | undefined> {
    const args = [this.edgeId, ttlMs];
    const claimed = await runScript<[string, string] | null>(
      this.client,
      'claim-stream',
      [this.key(account, id)],
      args,
    );
    return claimed ? { state: claimed[1], own: claimed[0] === this.edgeId } : undefined;
  }

  async release(account: string, id: string): Promise<void> {
    await runScript(this.client, 'release-stream', [this.key(account, id)], [this.edgeId]);
  }

  private async saveGroup(records: readonly StreamRecord[], ttlMs: number): Promise<string[]> {
    const keys = records.map(({ account, id }) => this.key(account, id));
    const args = [this.edgeId, ttlMs, ...records.map(({ state }) => state)];
    const lost = await runScript<number[]>(this.client, 'save-streams', keys, args);
    return lost.map((place) => records[place - 1]!.id);
  }

  private key(account: string, id: string): string {
    return this.keys.stream(this.partitionOf(account), account, id);
  }

  private partitionOf(account: string): number {
    return shardOf(account, this.keys.partitions);
  }
}
