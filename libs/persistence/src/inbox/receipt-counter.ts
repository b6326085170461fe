import { type Receipt, STATE_OF, STEP_LETTERS, type StepLetter } from '@carillon/domain';
import { runScript } from '@carillon/redis';
import type { Store } from '../store.js';

/** Days of statistics are kept for so long, s. */
export const STATS_RETENTION = 90 * 86_400;

/** Reads the lines that the inbox scripts write to the receipts streams. */
export function parseReceipts(text: string): Receipt[] {
  return text.split('\n').map((line) => {
    const [
      app = '',
      notificationId = '',
      deviceId = '',
      letter = '',
      at = '',
      transport = '',
      detail = '',
      edge = '',
    ] = line.split('\t');
    const state = STATE_OF[letter as StepLetter];
    // A deposit writes one line for all of its deliveries, their number in the last place.
    const count = deviceId === '' ? Number(detail) : 1;
    return {
      app,
      notificationId,
      deviceId,
      state,
      at: Number.parseInt(at, 36),
      transport,
      detail,
      edge,
      count,
    };
  });
}

/** Adds receipts to their app's statistics of the day, exactly once per stream entry. */
export class ReceiptCounter {
  constructor(
    private readonly store: Store,
    private readonly group: string,
  ) {}

  /** @returns whether the entry had not been counted before */
  async count(stream: string, entryId: string, receipts: readonly Receipt[]): Promise<boolean> {
    const partition = Number(/\{p(\d+)\}/.exec(stream)![1]);
    const statsKeys: string[] = [];
    const args: (string | number)[] = [];
    for (const [place, number] of sums(receipts)) {
      const [app, day, field] = place.split('\t') as [string, string, string];
      const key = this.store.keys.stats(partition, app, day);
      if (!statsKeys.includes(key)) statsKeys.push(key);
      args.push(statsKeys.indexOf(key) + 2, field, number);
    }
    const counted = await runScript<number>(
      this.store.client,
      'count-receipts',
      [stream, ...statsKeys],
      [this.group, entryId, STATS_RETENTION, ...args],
    );
    return counted === 1;
  }
}

/** Receipts by app, day and field (`letter` or `letter|transport`). */
function sums(receipts: readonly Receipt[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { app, at, state, transport, count } of receipts) {
    const day = new Date(at).toISOString().slice(0, 10);
    const field = transport === '' ? STEP_LETTERS[state] : `${STEP_LETTERS[state]}|${transport}`;
    const place = [app, day, field].join('\t');
    found.set(place, (found.get(place) ?? 0) + count);
  }
  return found;
}
