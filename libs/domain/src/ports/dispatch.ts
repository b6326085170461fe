import type { StoredContent } from './notification-contents.js';

/** A hint to one edge: these devices, connected to it, have a new entry. */
export interface DispatchTarget {
  readonly deviceId: string;
  readonly transport: string;
  readonly epoch: number;
  readonly seq: number;
  readonly previousSeq: number;
}

export interface Dispatch {
  readonly content: StoredContent;
  readonly targets: readonly DispatchTarget[];
}

export type DispatchBatch = readonly Dispatch[];

/** What an edge is told beside hints. */
export type EdgeNotice =
  | ConnectionNotice
  /** An MQTT user was made, changed or deleted: what was known of it is out of date. */
  | { readonly reason: 'mqtt-user-changed'; readonly user: string }
  /** A connection of the device did what its others over the same protocol hear of, in that protocol's words (JSON). */
  | { readonly reason: 'account-news'; readonly deviceId: string; readonly news: string };

/** What an edge is told about a connection of its own. */
export type ConnectionNotice =
  /** The device has connected elsewhere: end this connection. */
  | {
      readonly reason: 'taken-over';
      readonly deviceId: string;
      readonly transport: string;
      readonly epoch: number;
    }
  /** Another edge displaced it by a connection that was gone by then: claim presence again. */
  | {
      readonly reason: 'displaced';
      readonly deviceId: string;
      readonly transport: string;
      readonly epoch: number;
    }
  /** The device is deleted or has a new token: end all of its connections. */
  | { readonly reason: 'revoked'; readonly deviceId: string }
  /** The device has another owner: what was deposited up to this place was the former one's, and is not to be written. */
  | { readonly reason: 'moved'; readonly deviceId: string; readonly upTo: number };
