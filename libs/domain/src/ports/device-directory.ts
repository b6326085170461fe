import type { DeviceCredentials } from '../device/device.js';

/** What an edge must know of a device that has logged in. */
export interface DeviceLogin {
  readonly id: string;
  readonly app: string;
  readonly user?: string;
  readonly autoSubscribe: boolean;
  /** Of a token, to see that it is still the device's; the keys that prove another are needed at the log-in alone. */
  readonly credentials: Pick<DeviceCredentials, 'tokenHash'>;
}

/** What an edge must know of a device that logs in. */
export interface KnownDevice extends DeviceLogin {
  readonly credentials: DeviceCredentials;
}

/** What is kept of a device while it is connected. */
export function loggedIn({ credentials: { tokenHash }, ...login }: DeviceLogin): DeviceLogin {
  return { ...login, credentials: { tokenHash } };
}

export abstract class DeviceDirectory {
  abstract login(deviceId: string): Promise<KnownDevice | undefined>;
}
