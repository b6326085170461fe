import { type Audience, CarillonError } from '@carillon/domain';
import { runScript } from '@carillon/redis';
import type { Store } from '../store.js';

/** A saved expression. Times are ms since 1970. */
export interface Segment {
  readonly name: string;
  readonly description?: string;
  readonly audience: Audience;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export const MAX_SEGMENTS = 1_000;
const MAX_ATTEMPTS = 20;

/** The segments of an app, which may refer to one another. */
export class RedisSegments {
  constructor(private readonly store: Store) {}

  async expressions(app: string): Promise<Map<string, Audience>> {
    return new Map((await this.list(app)).map(({ name, audience }) => [name, audience]));
  }

  /** In the order of their names. */
  async list(app: string): Promise<Segment[]> {
    return (await this.read(app)).segments;
  }

  async find(app: string, name: string): Promise<Segment | undefined> {
    const json = await this.store.client.hget(this.store.keys.segments(app), name);
    return json === null ? undefined : { name, ...(JSON.parse(json) as Omit<Segment, 'name'>) };
  }

  /**
   * Changes one segment if all are still as `decide` saw them; null deletes it, undefined leaves all as it is. Whatever `decide` throws keeps it
   * from being changed.
   */
  async change(
    app: string,
    name: string,
    decide: (segments: readonly Segment[]) => Segment | null | undefined,
  ): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const { revision, segments } = await this.read(app);
      const decision = decide(segments);
      if (decision === undefined) return;
      const stored = decision === null ? '' : JSON.stringify({ ...decision, name: undefined });
      const done = await runScript<number>(
        this.store.client,
        'change-segment',
        [this.store.keys.segments(app)],
        [revision, name, stored],
      );
      if (done === 1) return;
    }
    throw new CarillonError('unavailable', 'segments are being changed by others; try again', {
      retryAfterSeconds: 1,
    });
  }

  private async read(app: string): Promise<{ revision: string; segments: Segment[] }> {
    const { [REVISION]: revision = '0', ...fields } = await this.store.client.hgetall(
      this.store.keys.segments(app),
    );
    const segments = Object.entries(fields)
      .map(([name, json]): Segment => ({ name, ...(JSON.parse(json) as Omit<Segment, 'name'>) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    return { revision, segments };
  }
}

/** No segment can have this name: names hold no white space. */
const REVISION = ' rev';
