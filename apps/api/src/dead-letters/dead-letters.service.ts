import { Injectable } from '@nestjs/common';
import { CarillonError, formatInstant, type StreamName } from '@carillon/domain';
import { Store } from '@carillon/persistence';
import { type DeadLetter, DeadLetters } from '@carillon/queue';
import type { DeadLetterList, DeadLetterView } from './dead-letter.dto.js';

/** A letter's id names the shard (lane or partition) of its stream too: `shard.entry`. */
@Injectable()
export class DeadLettersService {
  constructor(
    private readonly letters: DeadLetters,
    private readonly store: Store,
  ) {}

  /** Oldest first. */
  async list(stream: StreamName, limit: number): Promise<DeadLetterList> {
    const shards = await Promise.all(
      this.shardsOf(stream).map(async (shard) => {
        const letters = await this.letters.list(this.keyOf(stream, shard), limit);
        return letters.map((letter) => view(stream, shard, letter));
      }),
    );
    const oldestFirst = shards.flat().sort((a, b) => (a.at < b.at ? -1 : 1));
    return { deadLetters: oldestFirst.slice(0, limit) };
  }

  async read(stream: StreamName, id: string): Promise<DeadLetterView> {
    const [shard, key, entry] = this.place(stream, id);
    const letter = await this.letters.find(key, entry);
    if (!letter) throw noLetter(stream, id);
    return view(stream, shard, letter);
  }

  async discard(stream: StreamName, id: string): Promise<void> {
    const [, key, entry] = this.place(stream, id);
    if (!(await this.letters.discard(key, entry))) throw noLetter(stream, id);
  }

  async replay(stream: StreamName, id: string): Promise<void> {
    const [, key, entry] = this.place(stream, id);
    if (!(await this.letters.replay(key, entry))) throw noLetter(stream, id);
  }

  private place(stream: StreamName, id: string): [shard: number, key: string, entry: string] {
    const [shard, entry = ''] = id.split('.');
    if (!this.shardsOf(stream).includes(Number(shard))) throw noLetter(stream, id);
    return [Number(shard), this.keyOf(stream, Number(shard)), entry];
  }

  private shardsOf(stream: StreamName): number[] {
    return stream === 'receipts' ? this.store.allPartitions() : this.store.allLanes();
  }

  private keyOf(stream: StreamName, shard: number): string {
    const { keys } = this.store;
    const names: Record<StreamName, (shard: number) => string> = {
      intake: keys.intake,
      'fan-out': keys.fanOut,
      'device-events': keys.deviceEvents,
      receipts: keys.receipts,
    };
    return names[stream](shard);
  }
}

const noLetter = (stream: StreamName, id: string): CarillonError =>
  new CarillonError('not-found', `${stream} has no dead letter ${id}`);

const view = (stream: StreamName, shard: number, letter: DeadLetter): DeadLetterView => ({
  id: `${shard}.${letter.id}`,
  stream,
  data: letter.data,
  reason: letter.reason,
  deliveries: letter.deliveries,
  at: formatInstant(letter.at),
});
