import type { Shape } from '../area/shape.js';
import type { Priority } from '../delivery/writing-order.js';
import type { NotificationContent } from '../notification/notification.js';

export const FENCE_TRIGGERS = ['enter', 'exit', 'dwell'] as const;
export type FenceTrigger = (typeof FENCE_TRIGGERS)[number];

/** What a device is sent when a fence is triggered; `ttl` in seconds. */
export interface FenceNotification {
  readonly content: NotificationContent;
  readonly ttl: number;
  readonly priority?: Priority;
  readonly collapseKey?: string;
}

/** At most `max` notifications by one fence for one device in each period of so many seconds. */
export interface FenceCap {
  readonly max: number;
  readonly seconds: number;
}

/** A named area that sends something to devices that come, go or stay. Times are ms since 1970. */
export interface Geofence {
  readonly id: string;
  readonly app: string;
  readonly name?: string;
  readonly area: Shape;
  readonly triggers: readonly FenceTrigger[];
  /** With the trigger `dwell`: for how long a device has to stay, seconds. */
  readonly dwellSeconds: number;
  /** A device that is inside has left only when it is further away than this, metres. */
  readonly hysteresis: number;
  readonly cap?: FenceCap;
  /** Undefined: it is there for campaigns alone. */
  readonly notification?: FenceNotification;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A device's stay in a fence, from the position that brought it in to the one that shows that it has left. */
export interface Visit {
  readonly fenceId: string;
  /** When it came, ms since 1970. */
  readonly since: number;
  /** What this visit has triggered already. */
  readonly fired: readonly FenceTrigger[];
}

/** One trigger of one visit: it happens once, whatever is repeated. */
export interface FenceCrossing {
  readonly fence: Geofence;
  readonly deviceId: string;
  readonly trigger: FenceTrigger;
  readonly since: number;
  /** When it happened, ms since 1970. */
  readonly at: number;
}
