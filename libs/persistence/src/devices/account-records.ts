import type { PushService } from '@carillon/domain';
import { runScript } from '@carillon/redis';
import { byShard, resultsOf, type Store } from '../store.js';

/** A record that a device's XMPP clients keep with it. */
export interface AccountRecord {
  readonly kind: string;
  readonly name: string;
  readonly value: string;
}

const PUSH = 'push';

/** Reads what XMPP clients keep with their devices: fields of a kind, a space and a name. Edges write them (`change-account`). */
export class AccountRecords {
  constructor(private readonly store: Store) {}

  async all(deviceId: string): Promise<AccountRecord[]> {
    const { client, keys } = this.store;
    return recordsIn(await client.hgetall(keys.account(this.store.partitionOf(deviceId), deviceId)));
  }

  /** The push services of each device that has some (XEP-0357). */
  async pushServices(deviceIds: readonly string[]): Promise<Map<string, PushService[]>> {
    const found = new Map<string, PushService[]>();
    for (const [partition, own] of byShard(deviceIds, (id) => this.store.partitionOf(id)))
      for (const [id, records] of await this.recordsOf(partition, own)) {
        const services = records.filter(({ kind }) => kind === PUSH).map(toService);
        if (services.length > 0) found.set(id, services);
      }
    return found;
  }

  /** Takes away the push services of a device that have this JID and node; where neither is given, all. @returns how many there were */
  async forgetPushServices(deviceId: string, service?: string, node?: string): Promise<number> {
    const { client, keys } = this.store;
    const partition = this.store.partitionOf(deviceId);
    const own = (await this.all(deviceId)).filter(({ kind }) => kind === PUSH);
    const named = own.filter((record) => {
      const found = toService(record);
      return (service ?? found.service) === found.service && (node ?? found.node) === found.node;
    });
    if (named.length === 0) return 0;
    const all = [
      keys.account(partition, deviceId),
      keys.device(partition, deviceId),
      keys.pushDevices(partition),
    ];
    const removals = named.flatMap(({ name }) => [`${PUSH} ${name}`, '0', '']);
    await runScript(client, 'change-account', all, [0, 0, deviceId, ...removals]);
    return named.length;
  }

  private async recordsOf(
    partition: number,
    deviceIds: readonly string[],
  ): Promise<[string, AccountRecord[]][]> {
    const { client, keys } = this.store;
    const pipeline = client.pipeline();
    for (const id of deviceIds) pipeline.hgetall(keys.account(partition, id));
    const hashes = resultsOf(await pipeline.exec()) as Record<string, string>[];
    return deviceIds.map((id, i) => [id, recordsIn(hashes[i]!)]);
  }
}

/** What begins with `#` is a count. */
function recordsIn(hash: Record<string, string>): AccountRecord[] {
  return Object.entries(hash)
    .filter(([field]) => !field.startsWith('#'))
    .map(([field, value]) => {
      const end = field.indexOf(' ');
      return { kind: field.slice(0, end), name: field.slice(end + 1), value };
    });
}

/** The name is the service's JID, and behind a line break its node. */
function toService({ name, value }: AccountRecord): PushService {
  const [service = '', ...node] = name.split('\n');
  const options = JSON.parse(value) as PushService['options'];
  return { service, ...(node.length > 0 && { node: node.join('\n') }), options };
}
