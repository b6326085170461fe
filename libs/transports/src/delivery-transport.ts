import type { ConnectionNotice, DispatchBatch } from '@carillon/domain';

/** What carries deliveries to devices. Outcomes come back as steps through the `ReceiptBatcher`. */
export abstract class DeliveryTransport {
  /** `mqtt`, `xmpp`, `poll` or a plug-in's own; the name that presence and receipts use. */
  abstract readonly kind: string;

  abstract start(): Promise<void>;

  /** Hints that devices connected here have new entries. Losing one loses nothing: the inbox is the truth. */
  abstract deliver(batch: DispatchBatch): void;

  /** Ends a connection that was taken over elsewhere or revoked. */
  abstract end(notice: ConnectionNotice): void;

  /** Hints may have been lost: every connection looks into its inbox. */
  abstract reconcile(): void;

  /** Ends every connection in the protocol's own way, within the deadline. */
  abstract drain(deadlineMs: number): Promise<void>;
}
