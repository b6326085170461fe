import { type AudienceTerm, positionOfScore } from '@carillon/domain';
import type { ChainableCommander } from 'ioredis';
import type { RedisUsers } from '../devices/redis-users.js';
import { resultsOf, type Store } from '../store.js';
import { devicesOfApp } from './app-devices.js';
import { isPolar } from './page-facts.js';
import { type PreparedTerm, setsOf } from './prepared-term.js';

/** Devices that a term's index finds; `certain` unless some of them have to be tested against the term. */
export interface CandidatePage {
  readonly ids: readonly string[];
  readonly certain: boolean;
}

/** Finds the devices of single terms by their indexes. */
export class Candidates {
  private readonly namedOnce = new Map<AudienceTerm, Promise<string[]>>();

  constructor(
    private readonly store: Store,
    private readonly users: RedisUsers,
    private readonly app: string,
    private readonly pageSize: number,
  ) {}

  /** The app's own among devices that are named, or those of users. */
  named(term: AudienceTerm): Promise<string[]> {
    const known = this.namedOnce.get(term) ?? this.findNamed(term);
    this.namedOnce.set(term, known);
    return known;
  }

  async namedSize(partition: number, term: AudienceTerm): Promise<number> {
    return (await this.namedIn(partition, term)).length;
  }

  /** Asks for the sizes of a term's indexes; @returns how many replies will say so, -1 for a term that has no index */
  addSizes(pipeline: ChainableCommander, partition: number, prepared: PreparedTerm): number {
    const { term, ranges } = prepared;
    const { keys } = this.store;
    if (ranges) {
      const key = keys.positions(partition, this.app);
      for (const { from, to } of ranges) pipeline.zcount(key, from, `(${to}`);
      return ranges.length;
    }
    if ('presence' in term) {
      if (term.presence.includes('offline')) return -1;
      pipeline.hlen(keys.online(partition));
      return 1;
    }
    if (!isSetTerm(term)) return -1;
    const sets = setsOf(this.store, this.app, partition, prepared);
    for (const key of sets) pipeline.scard(key);
    return sets.length;
  }

  /** How many members the sets of a term have. */
  async setSize(partition: number, prepared: PreparedTerm): Promise<number> {
    const { client } = this.store;
    const keys = setsOf(this.store, this.app, partition, prepared);
    const sizes = await Promise.all(keys.map((key) => client.scard(key)));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  async *pages(partition: number, prepared: PreparedTerm): AsyncGenerator<CandidatePage> {
    const { term } = prepared;
    if ('area' in term) yield* this.inArea(partition, prepared);
    else if ('device' in term || 'user' in term)
      yield* this.slices(await this.namedIn(partition, term), true);
    else if ('presence' in term) yield* this.connected(partition);
    else {
      for (const key of setsOf(this.store, this.app, partition, prepared))
        yield* this.scanSet(key, !('list' in term));
    }
  }

  private async findNamed(term: AudienceTerm): Promise<string[]> {
    if ('device' in term) return this.ofApp(term.device);
    if (!('user' in term)) return [];
    return (await Promise.all(term.user.map((user) => this.users.devices(this.app, user)))).flat();
  }

  private async ofApp(ids: readonly string[]): Promise<string[]> {
    const own = await devicesOfApp(this.store, this.app, ids);
    return ids.filter((id) => own.has(id));
  }

  private async namedIn(partition: number, term: AudienceTerm): Promise<string[]> {
    return (await this.named(term)).filter((id) => this.store.partitionOf(id) === partition);
  }

  /** Range by range, each in pieces: the next piece begins behind the score that the last one ended with. */
  private async *inArea(
    partition: number,
    { ranges = [], shape }: PreparedTerm,
  ): AsyncGenerator<CandidatePage> {
    const key = this.store.keys.positions(partition, this.app);
    let waiting: string[] = [];
    const polar: string[] = [];
    for (let i = 0; i < ranges.length; i += RANGES_AT_ONCE) {
      const some = ranges.slice(i, i + RANGES_AT_ONCE);
      for await (const rows of this.rangeRows(key, some)) {
        for (let k = 0; k < rows.length; k += 2) {
          const position = positionOfScore(Number(rows[k + 1]));
          if (isPolar(position)) polar.push(rows[k]!);
          else if (shape!.contains(position)) waiting.push(rows[k]!);
        }
        if (waiting.length < this.pageSize) continue;
        const full = waiting.length - (waiting.length % this.pageSize);
        yield* this.slices(waiting.slice(0, full), true);
        waiting = waiting.slice(full);
      }
    }
    yield* this.slices(waiting, true);
    yield* this.slices(polar, false);
  }

  /** The first piece of every range in one round trip, then the rest of those that are longer. */
  private async *rangeRows(
    key: string,
    ranges: readonly { from: number; to: number }[],
  ): AsyncGenerator<string[]> {
    const { client } = this.store;
    let open = ranges.map(({ from, to }) => ({ from: `${from}`, to, skip: 0 }));
    while (open.length > 0) {
      const pipeline = client.pipeline();
      for (const { from, to, skip } of open)
        pipeline.zrangebyscore(key, from, `(${to}`, 'WITHSCORES', 'LIMIT', skip, PIECE);
      const replies = resultsOf(await pipeline.exec()) as string[][];
      const next: typeof open = [];
      for (const [i, rows] of replies.entries()) {
        yield rows;
        if (rows.length < 2 * PIECE) continue;
        const last = rows.at(-1)!;
        // Devices in the very same place share a score: the next piece begins with it, and passes over those that were had.
        const same = countFromEnd(rows, last);
        const { from, to, skip } = open[i]!;
        next.push({ from: last, to, skip: from === last ? skip + PIECE : same });
      }
      open = next;
    }
  }

  /** Presence knows no apps: whose these are has to be tested. */
  private async *connected(partition: number): AsyncGenerator<CandidatePage> {
    const key = this.store.keys.online(partition);
    let cursor = '0';
    do {
      const [next, rows] = await this.store.client.hscan(key, cursor, 'COUNT', this.pageSize);
      yield* this.slices(
        rows.filter((_, i) => i % 2 === 0),
        false,
      );
      cursor = next;
    } while (cursor !== '0');
  }

  /** The next piece is under way while one is worked on. */
  private async *scanSet(key: string, certain: boolean): AsyncGenerator<CandidatePage> {
    const scan = (cursor: string): Promise<[string, string[]]> =>
      this.store.client.sscan(key, cursor, 'COUNT', this.pageSize);
    let [cursor, ids] = await scan('0');
    while (cursor !== '0') {
      const ahead = scan(cursor);
      // A caller that stops early leaves it behind: it must not end the process.
      ahead.catch(() => undefined);
      yield* this.slices(ids, certain);
      [cursor, ids] = await ahead;
    }
    yield* this.slices(ids, certain);
  }

  private *slices(ids: readonly string[], certain: boolean): Generator<CandidatePage> {
    for (let i = 0; i < ids.length; i += this.pageSize)
      yield { ids: ids.slice(i, i + this.pageSize), certain };
  }
}

/** Rows of one piece of a range. */
const PIECE = 1_000;
/** Ranges that are read in one round trip. */
const RANGES_AT_ONCE = 32;

const isSetTerm = (term: AudienceTerm): boolean =>
  'everyone' in term || 'group' in term || 'tag' in term || 'list' in term;

function countFromEnd(rows: readonly string[], score: string): number {
  let count = 0;
  for (let i = rows.length - 1; i > 0 && rows[i] === score; i -= 2) count++;
  return count;
}
