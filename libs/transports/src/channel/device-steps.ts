import type { DeliveryState, DeviceLogin } from '@carillon/domain';
import type { ReceiptBatcher } from './receipt-batcher.js';

/** What a transport remembers of a delivery in flight. */
export interface InFlight {
  readonly notificationId: string;
  readonly seq: number;
}

export const notificationIds = (cookies: readonly unknown[]): Set<string> =>
  new Set((cookies as readonly InFlight[]).map(({ notificationId }) => notificationId));

/** Records that a device has (or refuses) a delivery. */
export function recordOutcome(
  receipts: ReceiptBatcher,
  { app, id: deviceId }: DeviceLogin,
  notificationId: string,
  outcome: { transport: string; state: DeliveryState; detail: string },
): void {
  receipts.record({ app, deviceId, notificationId, at: Date.now(), ...outcome });
}
