import type { DeviceEvent } from './ports/device-events.js';

/** A notification that is due: find its audience. */
export interface IntakeEvent {
  readonly notificationId: string;
}

/** One partition's part of a fan-out. */
export interface FanOutTask {
  readonly notificationId: string;
  readonly partition: number;
}

/** The work streams that processes share, and what an entry of each says. Receipts have a stream per partition. */
export interface StreamEvents {
  readonly intake: IntakeEvent;
  readonly 'fan-out': FanOutTask;
  readonly 'device-events': DeviceEvent;
  readonly receipts: ReceiptsEvent;
}

/** Steps that one atomic step of an inbox recorded: how many deliveries of an app reached a state over a transport. */
export interface ReceiptsEvent {
  readonly partition: number;
  /** `app|state letter|transport` → count */
  readonly counts: Readonly<Record<string, number>>;
}

export type StreamName = keyof StreamEvents;
