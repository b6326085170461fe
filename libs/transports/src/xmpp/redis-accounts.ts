import { shardOf } from '@carillon/domain';
import { type RedisClient, type RedisKeys, runScript } from '@carillon/redis';
import {
  ACCOUNT_BOUNDS,
  type AccountBounds,
  type AccountChangeOutcome,
  type AccountRecordKind,
  AccountStore,
} from '@carillon/xmpp-server';

/** What XMPP clients keep with their devices, for all edges: a hash beside the device, which goes with it and with its owner. */
export class RedisAccounts extends AccountStore {
  constructor(
    private readonly client: RedisClient,
    private readonly keys: RedisKeys,
    private readonly bounds: AccountBounds = ACCOUNT_BOUNDS,
  ) {
    super();
  }

  async get(account: string, kind: AccountRecordKind, name: string): Promise<string | undefined> {
    return (await this.client.hget(this.keyOf(account), `${kind} ${name}`)) ?? undefined;
  }

  async list(account: string, kind: AccountRecordKind): Promise<ReadonlyMap<string, string>> {
    const all = Object.entries(await this.client.hgetall(this.keyOf(account)));
    const prefix = `${kind} `;
    const own = all.filter(([field]) => field.startsWith(prefix));
    return new Map(own.map(([field, value]) => [field.slice(prefix.length), value]));
  }

  async change(
    account: string,
    kind: AccountRecordKind,
    changes: ReadonlyMap<string, string | undefined>,
  ): Promise<AccountChangeOutcome> {
    const args = [...changes].flatMap(([name, value]) => [
      `${kind} ${name}`,
      value === undefined ? '0' : '1',
      value ?? '',
    ]);
    const partition = this.partitionOf(account);
    return runScript<AccountChangeOutcome>(
      this.client,
      'change-account',
      [this.keyOf(account), this.keys.device(partition, account), this.keys.pushDevices(partition)],
      [this.bounds.records, this.bounds.bytes, account, ...args],
    );
  }

  private keyOf(account: string): string {
    return this.keys.account(this.partitionOf(account), account);
  }

  private partitionOf(account: string): number {
    return shardOf(account, this.keys.partitions);
  }
}
