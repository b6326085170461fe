import { type DeliveryState, type Notification, STEP_LETTERS } from '@carillon/domain';
import { runScript } from '@carillon/redis';
import { forgetAt } from '../notifications/notification-record.js';
import { byShard, type Store } from '../store.js';

/** A delivery that ends before it begins. */
export interface Closing {
  readonly deviceId: string;
  readonly state: Extract<DeliveryState, 'suppressed' | 'failed'>;
  /** Why, in words. */
  readonly reason: string;
}

const MAX_REASON = 300;

/** Closes deliveries of devices that get nothing: each is a receipt with the reason. What was delivered before stays as it is. */
export class DeliveryCloser {
  constructor(private readonly store: Store) {}

  /** @returns how many were closed by this call */
  async close(notification: Notification, closings: readonly Closing[]): Promise<number> {
    const groups = byShard(closings, ({ deviceId }) => this.store.partitionOf(deviceId));
    const closed = await Promise.all(
      [...groups].map(([partition, own]) => this.closeIn(partition, notification, own)),
    );
    return closed.reduce((sum, count) => sum + count, 0);
  }

  private closeIn(
    partition: number,
    notification: Notification,
    closings: readonly Closing[],
  ): Promise<number> {
    const { client, keys } = this.store;
    const { id, app } = notification;
    return runScript<number>(
      client,
      'close-deliveries',
      [keys.deliveries(partition, id), keys.receipts(partition), keys.waiting(partition, id)],
      [
        Date.now().toString(36),
        id,
        app,
        forgetAt(notification),
        ...closings.flatMap(({ deviceId, state, reason }) => [deviceId, STEP_LETTERS[state], plain(reason)]),
      ],
    );
  }
}

/** Commas, semicolons and tabs divide what is stored. */
const plain = (reason: string): string =>
  reason
    .replace(/[,;\s]+/g, ' ')
    .trim()
    .slice(0, MAX_REASON);
