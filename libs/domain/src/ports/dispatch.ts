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

/** One edge asks another to end a connection that was taken over. */
export interface ConnectionNotice {
  readonly deviceId: string;
  readonly transport: string;
  readonly epoch: number;
  readonly reason: 'taken-over' | 'revoked';
}
