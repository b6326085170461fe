import { type Receipt, STATE_OF, STEP_LETTERS, type StepLetter } from '@carillon/domain';
import { Gatherer, runScript } from '@carillon/redis';
import { byShard, type Store } from '../store.js';

/** Days of statistics are kept for so long, s. */
export const STATS_RETENTION = 90 * 86_400;
const DAY_MS = 86_400_000;
/** A script holds Redis for as long as it runs. */
const MAX_ENTRIES_PER_CALL = 512;

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

interface Waiting {
  readonly stream: string;
  readonly entryId: string;
  readonly receipts: readonly Receipt[];
  readonly resolve: (counted: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Adds receipts to their app's statistics of the day, exactly once per stream entry. Entries that come in one turn of the event loop, or while others
 * are counted, are counted in one script.
 */
export class ReceiptCounter {
  private readonly entries = new Gatherer<Waiting>((entries) => this.countAll(entries));

  constructor(
    private readonly store: Store,
    private readonly group: string,
  ) {}

  /** @returns whether the entry had not been counted before */
  count(stream: string, entryId: string, receipts: readonly Receipt[]): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.entries.add({ stream, entryId, receipts, resolve, reject });
    });
  }

  private async countAll(entries: readonly Waiting[]): Promise<void> {
    for (let i = 0; i < entries.length; i += MAX_ENTRIES_PER_CALL) {
      const page = entries.slice(i, i + MAX_ENTRIES_PER_CALL);
      const calls = this.store.inOneScript(page, ({ stream }) => partitionOf(stream));
      await Promise.all(calls.map((own) => this.countTogether(own)));
    }
  }

  private async countTogether(entries: readonly Waiting[]): Promise<void> {
    try {
      const byStream = [...byShard(entries, ({ stream }) => stream)];
      const counted = await this.runScript(byStream);
      byStream.flatMap(([, own]) => own).forEach(({ resolve }, i) => resolve(counted[i] === 1));
    } catch (error) {
      for (const { reject } of entries) reject(error);
    }
  }

  private runScript(byStream: readonly [string, readonly Waiting[]][]): Promise<number[]> {
    const partition = partitionOf(byStream[0]![0]);
    const statistics: string[] = [];
    const indexOf = (app: string, day: string): number => {
      const key = this.store.keys.stats(partition, app, day);
      const index = statistics.indexOf(key);
      return index < 0 ? statistics.push(key) : index + 1;
    };
    const args: (string | number)[] = [];
    for (const [, entries] of byStream) {
      args.push(entries.length);
      for (const { entryId, receipts } of entries) {
        const counts = sums(receipts);
        args.push(
          entryId,
          counts.length,
          ...counts.flatMap(({ app, day, field, count }) => [indexOf(app, day), field, count]),
        );
      }
    }
    const streams = byStream.map(([stream]) => stream);
    return runScript<number[]>(
      this.store.client,
      'count-receipts',
      [...statistics, ...streams],
      [this.group, STATS_RETENTION, statistics.length, ...args],
    );
  }
}

const partitionOf = (stream: string): number => Number(/\{p(\d+)\}/.exec(stream)![1]);

interface Sum {
  readonly app: string;
  /** As in 2026-11-21. */
  readonly day: string;
  /** `letter` or `letter|transport` */
  readonly field: string;
  count: number;
}

/** Receipts by app, day and field. */
function sums(receipts: readonly Receipt[]): Sum[] {
  const found = new Map<string, Sum>();
  for (const { app, at, state, transport, count } of receipts) {
    const letter = STEP_LETTERS[state];
    const place = `${app}\t${Math.floor(at / DAY_MS)}\t${letter}\t${transport}`;
    const sum = found.get(place);
    if (sum) sum.count += count;
    else {
      const day = new Date(at).toISOString().slice(0, 10);
      found.set(place, { app, day, field: transport === '' ? letter : `${letter}|${transport}`, count });
    }
  }
  return [...found.values()];
}
