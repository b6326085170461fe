import type { Connection } from '../device/device.js';
import type { Delivery, DeliveryCounts, DeliveryStep } from '../delivery/delivery.js';
import type { InboxCursor, Priority } from '../delivery/writing-order.js';

/** What a deposit needs to know of its notification. Times are ms since 1970. */
export interface Deposit {
  readonly app: string;
  readonly notificationId: string;
  readonly expiresAt: number;
  /** Deliver only to devices that are connected now (`ttl: 0`). */
  readonly onlineOnly: boolean;
  readonly collapseKey?: string;
  /** A notification that this one takes the place of; where it still is in the inbox, it goes as collapsed. */
  readonly replaces?: string;
  /** `normal` unless given. */
  readonly priority?: Priority;
  /** Bytes of the content; up to `SMALL_CONTENT` they count as none against an inbox's bound. */
  readonly bytes?: number;
  /** When the audience was resolved: a device that has changed hands since (or shortly before) is told as `moved`. */
  readonly resolvedAt?: number;
}

/** Content up to so many bytes is bounded by the number of entries alone. */
export const SMALL_CONTENT = 1_024;
/** Clocks of processes differ by less, ms. */
export const CLOCK_TOLERANCE = 60_000;

/** What an inbox, and all of an app's together, may hold, and what happens to one more. */
export interface InboxBounds {
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** An entry that waits for so long, ms, is dropped, whatever its time to live. */
  readonly maxAge: number;
  /** Of all devices of an app; each partition has an even share. */
  readonly maxAppEntries: number;
  readonly maxAppBytes: number;
  /** `drop-oldest`: the oldest normal entry gives way, the oldest high one where there is none. Either is a receipt. */
  readonly policy: 'drop-oldest' | 'refuse';
}

export const DEFAULT_INBOX_BOUNDS: InboxBounds = {
  maxEntries: 1_000,
  maxBytes: 4 * 1024 * 1024,
  maxAge: 30 * 86_400_000,
  maxAppEntries: 20_000_000,
  maxAppBytes: 8 * 1024 ** 3,
  policy: 'drop-oldest',
};

/** A delivery to a device that is connected: what its edge is told. */
export interface OnlineDeposit {
  readonly deviceId: string;
  readonly seq: number;
  /** The highest `seq` of its priority that stood in the inbox before this one; 0 if there was none. A gap tells the edge to read the inbox. */
  readonly previousSeq: number;
  /** The device's connections, newest first. */
  readonly connections: readonly Connection[];
}

export interface DepositOutcome {
  /** Deliveries made by this call; `repeated` ones had been made before (a task run again). */
  readonly deposited: number;
  readonly repeated: number;
  /** Ids that are no device. */
  readonly unknown: number;
  /** Devices that changed hands about when the audience was resolved: look again, and name the owner that was found. */
  readonly moved: readonly string[];
  readonly online: readonly OnlineDeposit[];
  /** Devices that it waits for, that are not connected, and that want to be told of it by a push service (XEP-0357). */
  readonly asleep: readonly string[];
}

export interface InboxEntry {
  readonly seq: number;
  readonly priority: Priority;
  readonly notificationId: string;
}

/**
 * Each device's durable, ordered, bounded list of what it has not yet acknowledged, with the state of every delivery.
 * Inbox and delivery state change together, atomically per device.
 */
export abstract class Inbox {
  /**
   * Appends a notification to the inboxes of devices of one partition, once per device however often it is called.
   * Atomic per call: a device that connects meanwhile either finds the entry or is named in `online`.
   * @param owners the user of each device ('' = none) when it was found to belong to the audience; another one's is `moved`
   */
  abstract deposit(
    deposit: Deposit,
    deviceIds: readonly string[],
    now: number,
    owners?: ReadonlyMap<string, string>,
  ): Promise<DepositOutcome>;

  /** Entries behind the cursor in the order in which they are to be written: see `inWritingOrder`. */
  abstract read(deviceId: string, after: InboxCursor, limit: number): Promise<readonly InboxEntry[]>;

  /** The highest `seq` of normal priority that the inbox's bound has pushed out; 0 if it never did. */
  abstract floor(deviceId: string): Promise<number>;

  /** The devices among these whose inbox holds something. */
  abstract waiting(deviceIds: readonly string[]): Promise<readonly string[]>;

  /**
   * Records steps of deliveries. A final one (acknowledged and on, expired, failed …) takes the entry out of the inbox.
   * A delivery only moves forward: repeated and late steps change nothing. Atomic per delivery.
   */
  abstract record(steps: readonly DeliveryStep[]): Promise<void>;

  abstract delivery(notificationId: string, deviceId: string): Promise<Delivery | undefined>;

  /** How many deliveries of a notification have reached each state, summed from the deliveries' own partitions. */
  abstract counts(notificationId: string, partitions: readonly number[]): Promise<DeliveryCounts>;
}
