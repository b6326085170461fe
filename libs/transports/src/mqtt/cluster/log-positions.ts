/** Entries that one millisecond may bring: far more than Redis can append. */
const PER_MILLISECOND = 4096;

/** The position of an entry in the log, from its id in the stream (`milliseconds-count`): an integer below 2^53 until 2039. */
export function positionOf(entryId: string): number {
  const [milliseconds, count] = entryId.split('-');
  return Number(milliseconds) * PER_MILLISECOND + Number(count);
}

export function entryIdOf(position: number): string {
  return `${Math.floor(position / PER_MILLISECOND)}-${position % PER_MILLISECOND}`;
}
