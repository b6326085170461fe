import type { Connection } from '../device/device.js';

export type PresenceClaim =
  | {
      readonly ok: true;
      readonly epoch: number;
      /** Something stood in the inbox then; what is deposited from then on is hinted. */
      readonly waits: boolean;
      /** Connections of the device that this one takes the place of. */
      readonly displaced: readonly Connection[];
    }
  /** The device is gone, or has another token by now: the connection has to end. */
  | { readonly ok: false };

/** Whether a device has one connection over each transport, or one altogether; a newer one takes the place of an older. */
export type ConnectionPolicy = 'per-transport' | 'single';

/** Which devices are connected, where, over what. */
export abstract class Presence {
  constructor(protected readonly policy: ConnectionPolicy = 'per-transport') {}

  /**
   * Atomic per device, and with respect to `Inbox.deposit`. Epochs grow with time, over restarts of whatever counts them.
   * @param tokenHash of the token that the connection logged in with
   */
  abstract claim(
    deviceId: string,
    tokenHash: string,
    transport: string,
    edgeId: string,
  ): Promise<PresenceClaim>;

  /** Removes the connection with this epoch; a claim that was displaced meanwhile is left alone. */
  abstract release(deviceId: string, epoch: number): Promise<void>;

  /** Newest first. */
  abstract connections(deviceId: string): Promise<readonly Connection[]>;

  /** Those of each device. */
  abstract connectionsOf(deviceIds: readonly string[]): Promise<readonly (readonly Connection[])[]>;

  /** Whether a device's connection and another one over this transport cannot stand beside each other. */
  excludes(connection: Connection, transport: string): boolean {
    return this.policy === 'single' || connection.transport === transport;
  }
}
