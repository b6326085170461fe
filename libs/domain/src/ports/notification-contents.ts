import type { Priority } from '../delivery/writing-order.js';
import type { TransportKind } from '../notification/notification.js';

/** A notification as the edges need it: the envelope's JSON without `seq`, and where and until when it may go. */
export interface StoredContent {
  readonly id: string;
  readonly app: string;
  readonly contentJson: string;
  /** The same for the transports that carry something else. */
  readonly overrides?: Partial<Record<TransportKind, string>>;
  /** Names what is said, where other devices are told something else. */
  readonly variant?: string;
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
  /** What a device gets, in the order of `ids`; undefined where a notification is no longer kept. */
  abstract load(deviceId: string, ids: readonly string[]): Promise<(StoredContent | undefined)[]>;
}

/** A content as a transport carries it. */
export function carriedBy(content: StoredContent, transport: TransportKind): StoredContent {
  const contentJson = content.overrides?.[transport];
  return contentJson === undefined ? content : { ...content, contentJson };
}
