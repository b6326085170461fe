import type {
  Connection,
  DeviceAuthenticator,
  DeviceDirectory,
  DeviceEventSink,
  Inbox,
  NotificationContents,
  Presence,
} from '@carillon/domain';
import type { Fallbacks } from './channel/fallbacks.js';
import type { ReceiptBatcher } from './channel/receipt-batcher.js';

/** The part of a logger that the transports use. */
export interface TransportLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What every transport of an edge works with. */
export interface TransportContext {
  readonly edgeId: string;
  readonly inbox: Inbox;
  readonly presence: Presence;
  readonly contents: NotificationContents;
  readonly directory: DeviceDirectory;
  readonly authenticator: DeviceAuthenticator;
  readonly events: DeviceEventSink;
  readonly receipts: ReceiptBatcher;
  readonly fallbacks: Fallbacks;
  /** Tells the edges of these connections what became of them; none is told nothing. */
  readonly tell: (
    connections: readonly Connection[],
    deviceId: string,
    reason: 'taken-over' | 'displaced',
  ) => Promise<void>;
  readonly logger: TransportLogger;
}
