import type { Connection } from '../device/device.js';
import type { Delivery, DeliveryCounts, DeliveryStep } from '../delivery/delivery.js';

/** What a deposit needs to know of its notification. Times are ms since 1970. */
export interface Deposit {
  readonly app: string;
  readonly notificationId: string;
  readonly expiresAt: number;
  /** Deliver only to devices that are connected now (`ttl: 0`). */
  readonly onlineOnly: boolean;
  readonly collapseKey?: string;
}

/** A delivery to a device that is connected: what its edge is told. */
export interface OnlineDeposit {
  readonly deviceId: string;
  readonly seq: number;
  /** The highest `seq` that stood in the inbox before this one; 0 if it was empty. A gap tells the edge to read the inbox. */
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
  readonly online: readonly OnlineDeposit[];
}

export interface InboxEntry {
  readonly seq: number;
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
   */
  abstract deposit(deposit: Deposit, deviceIds: readonly string[], now: number): Promise<DepositOutcome>;

  /** Entries with a `seq` above `after`, oldest first. */
  abstract read(deviceId: string, after: number, limit: number): Promise<readonly InboxEntry[]>;

  /** The highest `seq` that the inbox's bound has pushed out; 0 if it never did. */
  abstract floor(deviceId: string): Promise<number>;

  /**
   * Records steps of deliveries. A final one (acknowledged and on, expired, failed …) takes the entry out of the inbox.
   * A delivery only moves forward: repeated and late steps change nothing. Atomic per partition.
   */
  abstract record(steps: readonly DeliveryStep[]): Promise<void>;

  abstract delivery(notificationId: string, deviceId: string): Promise<Delivery | undefined>;

  /** How many deliveries of a notification have reached each state, summed from the deliveries' own partitions. */
  abstract counts(notificationId: string, partitions: readonly number[]): Promise<DeliveryCounts>;
}
