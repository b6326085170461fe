import { Cluster } from 'ioredis';
import type { Writable } from 'node:stream';
import type { RedisClient } from './redis-client.js';

/**
 * The commands of one turn of the event loop go to Redis in one write. A write of its own for each was a quarter of what a push cost this side, and
 * had Redis read and answer as often.
 */
export function gatherWrites(client: RedisClient): void {
  if (client instanceof Cluster) {
    client.on('+node', gatherWrites);
    return;
  }
  client.on('connect', () => gatherWritesOf(client.stream));
}

type Piece = string | Buffer;

/** Characters. Node encodes a longer text into a buffer of three times its length, which costs more than to make its bytes first. */
const LONG = 5_000;

/** @param stream its writes are held back until the turn is over, or the stream ends, and keep their order */
export function gatherWritesOf(stream: Writable): void {
  const write = stream.write.bind(stream) as (piece: Piece) => boolean;
  const end = stream.end.bind(stream) as (...args: unknown[]) => Writable;
  let pieces: Piece[] = [];
  const flush = (): void => {
    const waiting = pieces;
    pieces = [];
    if (waiting.length === 0 || !stream.writable) return;
    stream.cork();
    for (const piece of joined(waiting)) write(isLongText(piece) ? Buffer.from(piece) : piece);
    stream.uncork();
  };
  stream.write = (piece: Piece): boolean => {
    if (pieces.length === 0) setImmediate(flush);
    pieces.push(piece);
    return true;
  };
  stream.end = (...args: unknown[]): Writable => {
    flush();
    return end(...args);
  };
}

const isLongText = (piece: Piece): piece is string => typeof piece === 'string' && piece.length > LONG;

/** One long text costs less than many short ones. */
function joined(pieces: readonly Piece[]): Piece[] {
  if (pieces.every((piece) => typeof piece === 'string')) return [pieces.join('')];
  const merged: Piece[] = [];
  for (const piece of pieces) {
    const last = merged.at(-1);
    if (typeof piece === 'string' && typeof last === 'string') merged[merged.length - 1] = last + piece;
    else merged.push(piece);
  }
  return merged;
}
