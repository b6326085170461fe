import type { DeviceLogin } from './device-directory.js';

/** Checks a device's token. It throws when it cannot tell now, which must never look like a wrong token. */
export abstract class DeviceAuthenticator {
  /** @returns the device, or undefined for an unknown one and for a wrong token alike */
  abstract verify(deviceId: string, token: string): Promise<DeviceLogin | undefined>;
}
