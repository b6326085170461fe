import type { Connection } from '../device/device.js';

export interface PresenceClaim {
  readonly epoch: number;
  /** Connections that this one takes the place of: the same device over the same transport. */
  readonly displaced: readonly Connection[];
}

/** Which devices are connected, where, over what. */
export abstract class Presence {
  /** Atomic per device, and with respect to `Inbox.deposit`. */
  abstract claim(deviceId: string, transport: string, edgeId: string): Promise<PresenceClaim>;

  /** Removes the connection with this epoch; a claim that was displaced meanwhile is left alone. */
  abstract release(deviceId: string, epoch: number): Promise<void>;

  /** Newest first. */
  abstract connections(deviceId: string): Promise<readonly Connection[]>;
}
