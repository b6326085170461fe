import { createHash } from 'node:crypto';
import type { Notification, StoredContent, TransportKind } from '@carillon/domain';
import { forgetAt } from '../notifications/notification-record.js';
import { resultsOf, type Store } from '../store.js';

/** What devices get of a notification that differs by device: those who are told the same share it. */
export interface DeviceContent {
  /** Of what is said: two with the same key are equal. */
  readonly key: string;
  readonly contentJson: string;
  readonly overrides?: Partial<Record<TransportKind, string>>;
}

type Stored = Pick<DeviceContent, 'contentJson' | 'overrides'>;

/** Fields of devices, whose values name the fields of contents. */
const DEVICE = 'd:';
const CONTENT = 'c:';

/** What each device of a partition gets of a notification that is made from a template. */
export class DeviceContents {
  constructor(private readonly store: Store) {}

  /** What is kept before the deposit is what the device gets. */
  async keep(
    notification: Notification,
    partition: number,
    contents: ReadonlyMap<string, DeviceContent>,
  ): Promise<void> {
    if (contents.size === 0) return;
    const key = this.store.keys.contents(partition, notification.id);
    const fields = new Map<string, string>();
    for (const [deviceId, content] of contents) {
      fields.set(DEVICE + deviceId, content.key);
      fields.set(CONTENT + content.key, storedOf(content));
    }
    const replies = await this.store.client
      .pipeline()
      .hset(key, ...[...fields].flat())
      .pexpireat(key, forgetAt(notification))
      .exec();
    resultsOf(replies);
  }

  /** What devices of one partition were given, by device. */
  async of(
    notificationId: string,
    partition: number,
    deviceIds: readonly string[],
  ): Promise<Map<string, DeviceContent>> {
    if (deviceIds.length === 0) return new Map();
    const { client, keys } = this.store;
    const key = keys.contents(partition, notificationId);
    const names = await client.hmget(key, ...deviceIds.map((id) => DEVICE + id));
    const distinct = [...new Set(names.filter((name) => name !== null))];
    const stored =
      distinct.length === 0 ? [] : await client.hmget(key, ...distinct.map((name) => CONTENT + name));
    const found = new Map(distinct.map((name, i) => [name, stored[i]]));
    return new Map(
      deviceIds.flatMap((id, i) => {
        const json = names[i] && found.get(names[i]);
        return json ? [[id, { key: names[i]!, ...(JSON.parse(json) as Stored) }]] : [];
      }),
    );
  }

  /** A notification's content as one device has it; undefined where none is kept for it. */
  async specific(base: StoredContent, deviceId: string): Promise<StoredContent | undefined> {
    const partition = this.store.partitionOf(deviceId);
    const own = (await this.of(base.id, partition, [deviceId])).get(deviceId);
    return own && specificContent(base, own);
  }
}

export const specificContent = (
  base: StoredContent,
  { key, contentJson, overrides }: DeviceContent,
): StoredContent => ({ ...base, contentJson, ...(overrides && { overrides }), variant: key });

/** A content with the key that its bytes have. */
export function deviceContent(content: Omit<DeviceContent, 'key'>): DeviceContent {
  const key = createHash('sha256').update(storedOf(content)).digest('base64url').slice(0, 16);
  return { key, ...content };
}

const storedOf = ({ contentJson, overrides }: Stored): string =>
  JSON.stringify({ contentJson, ...(overrides && { overrides }) } satisfies Stored);
