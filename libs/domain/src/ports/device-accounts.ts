import type { DeviceCredentials } from '../device/device.js';
import type { DeviceLogin } from './device-directory.js';

/** What a device that nobody has registered asks for. */
export interface RegistrationForm {
  /** The name that it wants, as its protocol prepares names. */
  readonly deviceId: string;
  readonly password: string;
  /** The app's registration key. */
  readonly key: string | undefined;
  /** The network address that it comes from. */
  readonly address: string;
}

/**
 * - `invalid`: the request cannot be granted to anybody.
 * - `forbidden`: without a registration key that is in force.
 * - `conflict`: the name is taken.
 * - `not-allowed`: not by this device.
 * - `too-many`: too many from this address for now.
 */
export type AccountRefusal = 'invalid' | 'forbidden' | 'conflict' | 'not-allowed' | 'too-many';

export type AccountChange =
  { readonly ok: true } | { readonly ok: false; readonly reason: AccountRefusal; readonly detail: string };

export type PasswordChange =
  Exclude<AccountChange, { ok: true }> | { readonly ok: true; readonly credentials: DeviceCredentials };

/** What a device may do about its own account. Throws when it cannot be done now. */
export abstract class DeviceAccounts {
  abstract register(form: RegistrationForm): Promise<AccountChange>;

  /** For devices that registered themselves. Connections made with the old password go on until `endConnections`. */
  abstract changePassword(device: DeviceLogin, password: string): Promise<PasswordChange>;

  /** Ends every connection that was not made with the device's present credentials. */
  abstract endConnections(deviceId: string): Promise<void>;

  /** For devices that registered themselves: the device goes with all that is its own, and so do its connections. */
  abstract remove(device: DeviceLogin): Promise<AccountChange>;

  /** What the device calls its user; empty takes it away. Never the name of a user that the business gave. */
  abstract setAlias(device: DeviceLogin, alias: string): Promise<AccountChange>;

  /** All the tags that the device gives itself, beside those that the business gave. */
  abstract setTags(device: DeviceLogin, tags: readonly string[]): Promise<AccountChange>;
}
