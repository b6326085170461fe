import type { ConnectionNotice, DispatchBatch } from '@carillon/domain';

/** What carries deliveries to devices. Outcomes come back as steps through the `ReceiptBatcher`. */
export abstract class DeliveryTransport {
  /** `mqtt`, `xmpp`, `poll` or a plug-in's own; the name that presence and receipts use. */
  abstract readonly kind: string;

  abstract start(): Promise<void>;

  /** Hints that devices connected here have new entries. Losing one loses nothing: the inbox is the truth. */
  abstract deliver(batch: DispatchBatch): void;

  /** What has become of a connection, or of a device's right to have one. */
  abstract notice(notice: ConnectionNotice): void;

  /**
   * Hints may have been lost: connections look into their inboxes.
   * @param share so many of them, 0 to 1, and the next ones the next time; all unless given
   */
  abstract reconcile(share?: number): void;

  /** Whether the device has a connection here with this epoch, or with one that is not known yet. */
  abstract holds(deviceId: string, epoch: number): boolean;

  /** This edge was taken for dead: every connection claims its presence again. */
  abstract reclaim(): Promise<void>;

  /** Ends every connection in the protocol's own way, within the deadline. */
  abstract drain(deadlineMs: number): Promise<void>;
}
