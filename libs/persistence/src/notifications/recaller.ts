import {
  DEFAULT_TTL,
  type Delivery,
  type DeliveryState,
  type DeliveryStep,
  newNotificationId,
  type Notification,
  OPEN_STATES,
} from '@carillon/domain';
import type { Dispatcher } from '../edges/dispatcher.js';
import type { RedisInbox } from '../inbox/redis-inbox.js';
import type { Store } from '../store.js';
import { depositOf } from './deposit-of.js';
import type { NotificationRecord } from './notification-record.js';
import type { RedisNotifications } from './redis-notifications.js';

const PAGE = 500;
const PARTITIONS_AT_ONCE = 8;
/** A device that was written to may show it, whatever became of the delivery afterwards. */
const MAY_SHOW: readonly DeliveryState[] = ['written', 'acknowledged', 'displayed', 'opened'];

export interface Recalled {
  readonly recallId: string;
  /** Copies that no device had: they have left their inboxes. */
  readonly withdrawn: number;
  /** Devices that have it, or may have it: they are told to remove it. */
  readonly told: number;
}

/** Takes notifications back. Every step may be repeated: a recall that was interrupted is finished by the next one. */
export class Recaller {
  constructor(
    private readonly store: Store,
    private readonly notifications: RedisNotifications,
    private readonly inbox: RedisInbox,
    private readonly dispatcher: Dispatcher,
  ) {}

  async recall(record: NotificationRecord, now: number): Promise<Recalled | undefined> {
    const { notification } = record;
    const recallId = await this.notifications.recall(notification.id, newNotificationId(now), now);
    if (recallId === undefined) return undefined;
    // Read after the status has changed: a fan-out that went on meanwhile takes back its own part.
    const { partitions = this.store.allPartitions() } =
      (await this.notifications.find(notification.id)) ?? record;
    const recall = recallOf(notification, recallId, now);
    await this.notifications.writeSent(recall, partitions);
    let [withdrawn, told] = [0, 0];
    for (let i = 0; i < partitions.length; i += PARTITIONS_AT_ONCE) {
      const parts = partitions
        .slice(i, i + PARTITIONS_AT_ONCE)
        .map((part) => this.recallIn(part, notification, recall));
      for (const part of await Promise.all(parts)) {
        withdrawn += part.withdrawn;
        told += part.told;
      }
    }
    return { recallId, withdrawn, told };
  }

  /** For a fan-out that finds its notification recalled: takes back what it deposited in a partition. */
  async finish(notificationId: string, partitions: readonly number[], now: number): Promise<void> {
    const record = await this.notifications.find(notificationId);
    if (!record?.recallId) return;
    const recall = recallOf(record.notification, record.recallId, now);
    await this.notifications.writeSent(recall, record.partitions ?? partitions);
    for (const partition of partitions) await this.recallIn(partition, record.notification, recall);
  }

  private async recallIn(
    partition: number,
    { id, app }: Notification,
    recall: Notification,
  ): Promise<{ withdrawn: number; told: number }> {
    const seen = new Set<string>();
    let [withdrawn, told, cursor] = [0, 0, '0'];
    do {
      const page = await this.inbox.deliveries(partition, id, cursor, PAGE);
      const fresh = page.deliveries.filter(({ deviceId }) => !seen.has(deviceId));
      for (const { deviceId } of fresh) seen.add(deviceId);
      const open = fresh.filter(({ state }) => OPEN_STATES.includes(state));
      await this.inbox.record(open.map(({ deviceId }) => recalledStep(app, id, deviceId, recall.at)));
      const deviceIds = fresh.map(({ deviceId }) => deviceId);
      const after = await this.inbox.deliveriesOf(partition, id, deviceIds);
      withdrawn += after.filter((delivery) => delivery.state === 'recalled' && !mayShow(delivery)).length;
      const holders = after.filter(mayShow).map(({ deviceId }) => deviceId);
      told += holders.length;
      await this.tell(recall, holders);
      cursor = page.cursor;
    } while (cursor !== '0');
    return { withdrawn, told };
  }

  private async tell(recall: Notification, deviceIds: readonly string[]): Promise<void> {
    if (deviceIds.length === 0) return;
    const { online } = await this.inbox.deposit(depositOf(recall), deviceIds, Date.now());
    await this.dispatcher.dispatch(recall, online);
  }
}

/** A purged one went with its owner, who is gone; a failed one was refused. */
const mayShow = ({ state, steps }: Delivery): boolean =>
  state !== 'purged' && state !== 'failed' && steps.some((step) => MAY_SHOW.includes(step.state));

const recalledStep = (app: string, notificationId: string, deviceId: string, at: number): DeliveryStep => ({
  app,
  notificationId,
  deviceId,
  state: 'recalled',
  at,
});

function recallOf(recalled: Notification, id: string, now: number): Notification {
  const { app, audience, transports } = recalled;
  return {
    id,
    app,
    audience,
    kind: 'recall',
    recalls: recalled.id,
    acceptedAt: now,
    at: now,
    ttl: DEFAULT_TTL,
    expiresAt: now + DEFAULT_TTL * 1_000,
    priority: 'high',
    ...(transports && { transports }),
  };
}
