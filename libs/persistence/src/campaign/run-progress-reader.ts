import type { CampaignRun, DeliveryCounts, PartProgress } from '@carillon/domain';
import type { RedisInbox } from '../inbox/redis-inbox.js';
import type { NotificationRecord } from '../notifications/notification-record.js';
import type { RedisNotifications } from '../notifications/redis-notifications.js';

/** How far a notification of a run has come; `record` is undefined once it is forgotten. */
export interface PartReading extends PartProgress {
  readonly record: NotificationRecord | undefined;
}

/** Reads how far runs have come: from their notifications and deliveries, for there are no other counts. */
export class RunProgressReader {
  constructor(
    private readonly notifications: RedisNotifications,
    private readonly inbox: RedisInbox,
  ) {}

  async of(runs: readonly CampaignRun[]): Promise<Map<string, PartReading>> {
    const ids = runs.flatMap(({ parts }) => parts.map(({ notificationId }) => notificationId));
    return new Map(await Promise.all(ids.map(async (id) => [id, await this.read(id)] as const)));
  }

  private async read(id: string): Promise<PartReading> {
    const record = await this.notifications.find(id);
    const counts: DeliveryCounts = await this.inbox.counts(id, record?.partitions ?? []);
    return { record, counts, atRest: !record || isAtRest(record) };
  }
}

const isAtRest = ({ status }: NotificationRecord): boolean =>
  status === 'sent' || status === 'cancelled' || status === 'recalled';
