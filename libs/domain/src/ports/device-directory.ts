import type { DeviceCredentials } from '../device/device.js';

/** What an edge must know of a device that logs in. */
export interface DeviceLogin {
  readonly id: string;
  readonly app: string;
  readonly user?: string;
  readonly autoSubscribe: boolean;
  readonly credentials: DeviceCredentials;
}

export abstract class DeviceDirectory {
  abstract login(deviceId: string): Promise<DeviceLogin | undefined>;
}
