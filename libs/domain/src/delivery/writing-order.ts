/** High is written first, past normal ones that wait. */
export type Priority = 'high' | 'normal';
export const PRIORITIES: readonly Priority[] = ['normal', 'high'];

/** While normal ones wait, so many high ones at the most are written before one of them is. */
export const HIGH_PER_NORMAL = 4;

/** How far a reader of an inbox has come: the last place of each priority, and the high ones since the last normal one. */
export interface InboxCursor {
  readonly normal: number;
  readonly high: number;
  readonly streak: number;
}

export const INBOX_START: InboxCursor = { normal: 0, high: 0, streak: 0 };

interface Placed {
  readonly seq: number;
  readonly priority: Priority;
}

/** The cursor behind an entry. */
export function advance(cursor: InboxCursor, { seq, priority }: Placed): InboxCursor {
  return priority === 'high'
    ? { ...cursor, high: seq, streak: cursor.streak + 1 }
    : { ...cursor, normal: seq, streak: 0 };
}

/** Whether an entry lies behind a reader. */
export const isPassed = (cursor: InboxCursor, { seq, priority }: Placed): boolean => seq <= cursor[priority];

/** Joins what waits of both priorities, each in the order of its deposit. */
export function inWritingOrder<T>(
  high: readonly T[],
  normal: readonly T[],
  streak: number,
  limit: number,
): T[] {
  const ordered: T[] = [];
  let [h, n, run] = [0, 0, streak];
  while (ordered.length < limit && (h < high.length || n < normal.length)) {
    const isHigh = h < high.length && (run < HIGH_PER_NORMAL || n === normal.length);
    ordered.push(isHigh ? high[h++]! : normal[n++]!);
    run = isHigh ? run + 1 : 0;
  }
  return ordered;
}

/** `normal`, or `normal-high-streak` where that matters: what a client is given and gives back. */
export function formatCursor({ normal, high, streak }: InboxCursor): string {
  return high === 0 ? String(normal) : `${normal}-${high}-${streak}`;
}

export const CURSOR = /^\d{1,15}(-\d{1,15}-\d{1,15})?$/;

/** @param text matches `CURSOR` */
export function parseCursor(text: string): InboxCursor {
  const [normal = 0, high = 0, streak = 0] = text.split('-').map(Number);
  return { normal, high, streak };
}
