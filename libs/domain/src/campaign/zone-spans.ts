import { Temporal } from 'temporal-polyfill';

/** A stretch of time in which a zone's clock is not set: up to, not including, `to`, ms since 1970. */
interface Span {
  readonly to: number;
  /** What the clock shows beyond UTC, ms. */
  readonly offset: number;
}

/** Time is looked at in pieces of this length, ms; no clock was ever set and set back within one. */
const PIECE = 4 * 86_400_000;
/** Pieces that are kept of a zone: a year of them. */
const MAX_PIECES = 92;
/** There are some 600 zones, and their names may be written in any case. */
const MAX_ZONES = 2_000;

/** By zone, by the number of the piece: the spans in it. */
const known = new Map<string, Map<number, readonly Span[]>>();

/** What a zone's clock shows beyond UTC, ms. */
export const offsetOf = (instant: number, zone: string): number => spanAt(instant, zone).offset;

/** The same, if the clock is not set from one instant to another. */
export function steadyOffset(from: number, to: number, zone: string): number | undefined {
  let span = spanAt(from, zone);
  while (span.to <= to) {
    const next = spanAt(span.to, zone);
    if (next.offset !== span.offset) return undefined;
    span = next;
  }
  return span.offset;
}

/** The library is asked a few times a piece: asked for each of a schedule's times it takes far longer than the rest of the reckoning. */
function spanAt(instant: number, zone: string): Span {
  const piece = Math.floor(instant / PIECE);
  const pieces = piecesOf(zone);
  let spans = pieces.get(piece);
  if (!spans) {
    spans = spansBetween(piece * PIECE, (piece + 1) * PIECE, zone);
    if (pieces.size >= MAX_PIECES) pieces.clear();
    pieces.set(piece, spans);
  }
  return spans.find(({ to }) => instant < to)!;
}

function piecesOf(zone: string): Map<number, readonly Span[]> {
  const found = known.get(zone);
  if (found) return found;
  if (known.size >= MAX_ZONES) known.clear();
  const pieces = new Map<number, readonly Span[]>();
  known.set(zone, pieces);
  return pieces;
}

function spansBetween(from: number, to: number, zone: string): Span[] {
  const [first, last] = [asked(from, zone), asked(to - 1, zone)];
  if (first === last) return [{ to, offset: first }];
  let [before, at] = [from, to - 1];
  while (at - before > 1) {
    const middle = Math.floor((before + at) / 2);
    if (asked(middle, zone) === first) before = middle;
    else at = middle;
  }
  return [
    { to: at, offset: first },
    { to, offset: last },
  ];
}

const asked = (instant: number, zone: string): number =>
  Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone).offsetNanoseconds / 1e6;
