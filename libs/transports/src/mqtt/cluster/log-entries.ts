import type { LogEntry, SharePresence } from '@carillon/mqtt-broker';
import { positionOf } from './log-positions.js';
import { unpackPublication } from './publication-codec.js';

/**
 * One letter in the stream: a publication, what members of a shared subscription a broker has, a broker that joins or
 * leaves, a client id that a broker is asked to yield, and one that it has yielded.
 */
export type EntryKind = 'p' | 's' | 'j' | 'l' | 'y' | 'd';

/** What a broker asks another one for, or answers. */
export interface Yielding {
  clientId: string;
  /** Who is asked, or was. */
  holder: string;
}

export interface RawEntry {
  readonly id: string;
  readonly position: number;
  readonly origin: string;
  readonly kind: EntryKind;
  readonly body: Buffer;
}

export type StreamRows = [id: Buffer, fields: Buffer[]][];

export function rawEntries(rows: StreamRows): RawEntry[] {
  return rows.map(([idBytes, fields]) => {
    const id = idBytes.toString();
    return {
      id,
      position: positionOf(id),
      origin: fields[1]!.toString(),
      kind: fields[3]!.toString() as EntryKind,
      body: fields[5]!,
    };
  });
}

/** What concerns the engine; undefined: the entry is the brokers' own business. */
export function logEntry({ position, origin, kind, body }: RawEntry): LogEntry | undefined {
  if (kind === 'p') return { kind: 'publication', position, origin, publication: unpackPublication(body) };
  if (kind !== 's') return undefined;
  const { share, presence } = JSON.parse(body.toString()) as { share: string; presence: SharePresence };
  return { kind: 'share', position, origin, share, presence };
}

export const shareBody = (share: string, presence: SharePresence): Buffer =>
  Buffer.from(JSON.stringify({ share, presence }));

export const yielding = (body: Buffer): Yielding => JSON.parse(body.toString()) as Yielding;

export const yieldingBody = (what: Yielding): Buffer => Buffer.from(JSON.stringify(what));
