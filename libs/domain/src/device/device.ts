import type { Position } from '../area/area.js';
import type { Activity } from './activity.js';

/** The SCRAM keys of RFC 5802 §3, base64. */
export interface ScramKeys {
  readonly salt: string;
  readonly iterations: number;
  readonly storedKey: string;
  readonly serverKey: string;
}

/**
 * A device's token is never stored: a SHA-256 of it (hex) and what SCRAM needs. A password of the device's own choosing is likewise not: its hash
 * is `slow:` and the StoredKey of `scramSha256`, which has more iterations then.
 */
export interface DeviceCredentials {
  readonly tokenHash: string;
  readonly scramSha1: ScramKeys;
  readonly scramSha256: ScramKeys;
}

export interface DevicePosition extends Position {
  /** When the position was taken, ms since 1970. */
  readonly at: number;
}

export interface Device {
  readonly id: string;
  readonly app: string;
  readonly user?: string;
  readonly platform?: string;
  /** A language tag (RFC 5646). */
  readonly locale?: string;
  readonly appVersion?: string;
  /** IANA. */
  readonly timeZone?: string;
  /** When it is in use. */
  readonly activity?: Activity;
  readonly tags: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** The gateway subscribes an MQTT device to its inbox at connect. */
  readonly autoSubscribe: boolean;
  /** It registered itself over XMPP, under an id of its own choosing. */
  readonly selfRegistered: boolean;
  /** Its former positions are kept. */
  readonly keepPositions?: boolean;
  readonly position?: DevicePosition;
  /** The groups that it belongs to, itself or by its user. */
  readonly groups: readonly string[];
  /** When its last connection began or ended, ms since 1970. */
  readonly lastSeen?: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export type AttributeValue = string | number | boolean;

/** One live connection of a device. The epoch grows with every claim, so that a late close cannot remove a successor. */
export interface Connection {
  readonly transport: string;
  readonly edgeId: string;
  readonly epoch: number;
}
