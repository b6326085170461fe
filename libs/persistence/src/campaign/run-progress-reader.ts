import type { CampaignRun, DeliveryCounts, PartProgress } from '@carillon/domain';
import type { RedisInbox } from '../inbox/redis-inbox.js';
import type { NotificationRecord } from '../notifications/notification-record.js';
import type { RedisNotifications } from '../notifications/redis-notifications.js';

/** How far a notification of a run has come; `record` is undefined once it is forgotten. */
export interface PartReading extends PartProgress {
  readonly counts: DeliveryCounts;
  readonly record: NotificationRecord | undefined;
}

/** Reads how far runs have come: from their notifications and deliveries, for there are no other counts. */
export class RunProgressReader {
  constructor(
    private readonly notifications: RedisNotifications,
    private readonly inbox: RedisInbox,
  ) {}

  async of(runs: readonly CampaignRun[]): Promise<Map<string, PartReading>> {
    const read = async (id: string) => [id, await this.read(id)] as const;
    return new Map(await Promise.all(idsOf(runs).map(read)));
  }

  /** Whether they are at rest, and nothing more: a fraction of the cost. */
  async states(runs: readonly CampaignRun[]): Promise<Map<string, PartProgress>> {
    const read = async (id: string) => {
      const record = await this.notifications.find(id);
      return [id, { atRest: !record || isAtRest(record) }] as const;
    };
    return new Map(await Promise.all(idsOf(runs).map(read)));
  }

  private async read(id: string): Promise<PartReading> {
    const record = await this.notifications.find(id);
    const counts: DeliveryCounts = await this.inbox.counts(
      id,
      record ? this.notifications.partitionsOf(record) : [],
    );
    return { record, counts, atRest: !record || isAtRest(record) };
  }
}

const idsOf = (runs: readonly CampaignRun[]): string[] =>
  runs.flatMap(({ parts }) => parts.map(({ notificationId }) => notificationId));

const isAtRest = ({ status }: NotificationRecord): boolean =>
  status === 'sent' || status === 'cancelled' || status === 'recalled';
