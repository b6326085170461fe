import type { DeliveryState, DeviceLogin } from '@carillon/domain';
import type { TransportContext } from '../transport-context.js';

/** What a transport remembers of a delivery in flight. */
export interface InFlight {
  readonly notificationId: string;
  readonly seq: number;
  /** A write alone is no acknowledgement. */
  readonly requireAck?: boolean;
}

const NONE: ReadonlySet<string> = new Set();

export const notificationIds = (cookies: readonly unknown[]): ReadonlySet<string> =>
  cookies.length === 0
    ? NONE
    : new Set((cookies as readonly InFlight[]).map(({ notificationId }) => notificationId));

/** Records that a device has (or refuses) a delivery. */
export function recordOutcome(
  { receipts, edgeId: edge }: Pick<TransportContext, 'receipts' | 'edgeId'>,
  { app, id: deviceId }: DeviceLogin,
  notificationId: string,
  outcome: { transport: string; state: DeliveryState; detail: string },
): void {
  receipts.record({ app, deviceId, notificationId, at: Date.now(), edge, ...outcome });
}
