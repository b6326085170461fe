import type { DeliveryState } from './delivery/delivery.js';
import type { DeviceEvent } from './ports/device-events.js';

/** A notification that is due: find its audience. */
export interface IntakeEvent {
  readonly notificationId: string;
  /** By `turnOf`. */
  readonly turn?: string;
}

/** One part of a fan-out: a partition, or some that have few devices each. */
export interface FanOutTask {
  readonly notificationId: string;
  readonly partitions: readonly number[];
}

/** An event in a delivery's life, as the receipts streams carry it. */
export interface Receipt {
  readonly app: string;
  readonly notificationId: string;
  /** Empty where one receipt stands for `count` deliveries that were queued together. */
  readonly deviceId: string;
  readonly state: DeliveryState;
  /** ms since 1970 */
  readonly at: number;
  readonly transport: string;
  readonly edge: string;
  readonly detail: string;
  readonly count: number;
}

/** The work streams that processes share, and what an entry of each says. Receipts have a stream per partition. */
export interface StreamEvents {
  readonly intake: IntakeEvent;
  readonly 'fan-out': FanOutTask;
  readonly 'device-events': DeviceEvent;
  readonly receipts: readonly Receipt[];
}

export type StreamName = keyof StreamEvents;
