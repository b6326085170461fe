import type { TransportKind } from '../notification/notification.js';

/** A notification as the edges need it: the envelope's JSON without `seq`, and where and until when it may go. */
export interface StoredContent {
  readonly id: string;
  readonly app: string;
  readonly contentJson: string;
  readonly expiresAt: number;
  readonly transports?: readonly TransportKind[];
}

/** What inbox entries point at. */
export abstract class NotificationContents {
  /** In the order of `ids`; undefined where a notification is no longer kept. */
  abstract load(ids: readonly string[]): Promise<(StoredContent | undefined)[]>;
}
