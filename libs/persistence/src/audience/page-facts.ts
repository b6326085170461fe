import { MAX_LATITUDE, type Position, positionOfScore } from '@carillon/domain';
import { resultsOf, type Store } from '../store.js';

/** What has to be known of each device of a page. */
export interface FactNeeds {
  /** Keys of sets that may hold the device. */
  readonly sets: readonly string[];
  /** Fields of its record. */
  readonly fields: readonly string[];
  readonly positions: boolean;
  readonly connections: boolean;
}

/** What is known of the devices of one page, read in one round trip. Rows go with the page. */
export interface PageFacts {
  readonly sets: ReadonlyMap<string, readonly number[]>;
  readonly fields: readonly ReadonlyMap<string, string>[];
  readonly positions: readonly (Position | undefined)[];
  /** As presence keeps them: `transport,edge,epoch;…`. */
  readonly connections: readonly (string | null)[];
}

/** Where the geo set ends: a position that stands on its edge may lie beyond. */
const POLAR = MAX_LATITUDE - 1e-5;
export const isPolar = ({ lat }: Position): boolean => Math.abs(lat) > POLAR;

export async function readFacts(
  store: Store,
  app: string,
  partition: number,
  page: readonly string[],
  needs: FactNeeds,
): Promise<PageFacts> {
  const { client, keys } = store;
  const pipeline = client.pipeline();
  for (const key of needs.sets) pipeline.smismember(key, ...page);
  if (needs.positions) pipeline.zmscore(keys.positions(partition, app), ...page);
  if (needs.connections) pipeline.hmget(keys.online(partition), ...page);
  if (needs.fields.length > 0) {
    for (const id of page) pipeline.hmget(keys.device(partition, id), ...needs.fields);
  }
  const replies = resultsOf(pipeline.length === 0 ? [] : await pipeline.exec());
  const take = <T>(wanted: boolean): T | undefined => (wanted ? (replies.shift() as T) : undefined);
  const sets = new Map(needs.sets.map((key) => [key, replies.shift() as number[]]));
  const scores = take<(string | null)[]>(needs.positions);
  const connections = take<(string | null)[]>(needs.connections) ?? [];
  const fields = (replies as (string | null)[][]).map((row) => present(needs.fields, row));
  const positions =
    scores?.map((score) => (score === null ? undefined : positionOfScore(Number(score)))) ?? [];
  return { sets, fields, connections, positions: await withPolar(store, partition, page, positions) };
}

function present(names: readonly string[], row: readonly (string | null)[]): Map<string, string> {
  const found = new Map<string, string>();
  row.forEach((value, i) => {
    if (value !== null) found.set(names[i]!, value);
  });
  return found;
}

/** The geo set ends at 85.05°; for positions at its edge the record has the true latitude. */
async function withPolar(
  store: Store,
  partition: number,
  page: readonly string[],
  positions: readonly (Position | undefined)[],
): Promise<readonly (Position | undefined)[]> {
  if (!positions.some((position) => position && isPolar(position))) return positions;
  return Promise.all(
    positions.map(async (position, i) => {
      if (!position || !isPolar(position)) return position;
      const [lat, lon] = await store.client.hmget(store.keys.device(partition, page[i]!), 'lat', 'lon');
      return lat && lon ? { lat: Number(lat), lon: Number(lon) } : undefined;
    }),
  );
}
