import type { Priority } from '../delivery/writing-order.js';
import type { TransportKind } from '../notification/notification.js';

/** A notification as the edges need it: the envelope's JSON without `seq`, and where and until when it may go. */
export interface StoredContent {
  readonly id: string;
  readonly app: string;
  readonly contentJson: string;
  readonly expiresAt: number;
  readonly transports?: readonly TransportKind[];
  /** `normal` unless given. */
  readonly priority?: Priority;
  /** A write that nobody acknowledges does not count as one. */
  readonly requireAck?: boolean;
  /** Seconds after which it is tried over the device's other connections too. */
  readonly fallbackAfter?: number;
}

/** What inbox entries point at. */
export abstract class NotificationContents {
  /** In the order of `ids`; undefined where a notification is no longer kept. */
  abstract load(ids: readonly string[]): Promise<(StoredContent | undefined)[]>;
}
