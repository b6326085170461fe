import type { AudienceQuery } from './audience-query.js';

export interface AudienceCount {
  readonly devices: number;
  readonly exact: boolean;
  /** Of an estimate: the true number lies within so many of it, 19 times of 20. */
  readonly margin: number;
  /** Some of the devices. */
  readonly samples: readonly string[];
}

export interface CountBounds {
  /** How long partitions may be walked through, ms. */
  readonly budgetMs: number;
  readonly samples: number;
}

/** Partitions that are walked through at the same time. */
const CONCURRENCY = 4;

/**
 * Counts an audience. Partitions are chosen by a hash of the device's id, so that those that the time allows for stand for all: what they hold is
 * taken in proportion to what drives the search in all of them.
 */
export async function countAudience(query: AudienceQuery, bounds: CountBounds): Promise<AudienceCount> {
  const named = await query.named();
  if (named) {
    const ids = [...named.values()].flat();
    return { devices: ids.length, exact: true, margin: 0, samples: ids.slice(0, bounds.samples) };
  }
  return new Walk(query, bounds).count();
}

class Walk {
  private readonly samples: string[] = [];
  private readonly deadline: number;
  private members = 0;
  private candidates = 0;
  private partial = false;

  constructor(
    private readonly query: AudienceQuery,
    private readonly bounds: CountBounds,
  ) {
    this.deadline = Date.now() + bounds.budgetMs;
  }

  async count(): Promise<AudienceCount> {
    const sizes = await this.query.sizesByPartition();
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const open = sizes.flatMap((size, partition) => (size > 0 ? [partition] : []));
    if (this.query.isCountable) {
      await this.sample(open);
      return { devices: total, exact: true, margin: 0, samples: this.samples };
    }
    await Promise.all(Array.from({ length: CONCURRENCY }, () => this.walkNext(open)));
    if (!this.partial && open.length === 0)
      return { devices: this.members, exact: true, margin: 0, samples: this.samples };
    return { ...this.estimate(total), exact: false, samples: this.samples };
  }

  /** Few of each partition, until there are enough. */
  private async sample(partitions: readonly number[]): Promise<void> {
    for (const partition of partitions) {
      for await (const page of this.query.pages(partition)) {
        this.keepSamples(page);
        break;
      }
      if (this.samples.length >= this.bounds.samples) return;
    }
  }

  private async walkNext(open: number[]): Promise<void> {
    for (;;) {
      if (this.isOver) return;
      const partition = open.shift();
      if (partition === undefined) return;
      await this.walk(partition);
    }
  }

  private async walk(partition: number): Promise<void> {
    const seen = new Set<string>();
    for await (const { candidates, members } of this.query.walk(partition)) {
      this.candidates += candidates;
      const fresh = members.filter((id) => !seen.has(id));
      for (const id of fresh) seen.add(id);
      this.members += fresh.length;
      this.keepSamples(fresh);
      if (this.isOver) {
        this.partial = true;
        return;
      }
    }
  }

  /** At least one page is looked at, however slow things are. */
  private get isOver(): boolean {
    return this.candidates > 0 && Date.now() >= this.deadline;
  }

  private keepSamples(ids: readonly string[]): void {
    this.samples.push(...ids.slice(0, Math.max(0, this.bounds.samples - this.samples.length)));
  }

  private estimate(total: number): { devices: number; margin: number } {
    const share = this.candidates === 0 ? 0 : Math.min(1, this.members / this.candidates);
    const deviation = this.candidates === 0 ? 1 : Math.sqrt((share * (1 - share)) / this.candidates);
    return { devices: Math.round(share * total), margin: Math.ceil(1.96 * deviation * total) };
  }
}
