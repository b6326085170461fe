/** One entry of a work stream. */
export interface StreamEntry {
  readonly stream: string;
  readonly id: string;
  /** The event's text (JSON, or what the stream's events are written in). */
  readonly data: string;
  /** How often it was delivered, this time included. */
  readonly deliveries: number;
  /** Work on it was begun before, here or elsewhere: some of that may be done. */
  isRepeated: boolean;
  /** Set by a handler that has acknowledged and deleted the entry itself. */
  isSettled?: true;
}

export type EntryHandler = (entry: StreamEntry) => Promise<void>;

/** The part of a logger that the queue uses. */
export interface QueueLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** An XREADGROUP / XCLAIM entry's field "d"; undefined for an entry that was deleted meanwhile. */
export const dataOf = (fields: readonly string[] | null): string | undefined => fieldOf(fields, 'd');

/** Whether it comes from the dead letters. */
export const isReplayed = (fields: readonly string[] | null): boolean => fieldOf(fields, 'r') !== undefined;

function fieldOf(fields: readonly string[] | null, name: string): string | undefined {
  if (!fields) return undefined;
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1];
  return undefined;
}
