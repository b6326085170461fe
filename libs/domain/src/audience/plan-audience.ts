import type { Audience, AudienceTerm } from './audience.js';

/** How many devices a term finds by an index; undefined for a term that has none. An upper bound will do. */
export type SizeOf = (term: AudienceTerm) => number | undefined;

/** Terms whose union holds everyone whom the expression can match, and how many devices they find. */
export interface DrivingSet {
  readonly terms: readonly AudienceTerm[];
  readonly size: number;
}

const EVERYONE: AudienceTerm = { everyone: true };

/**
 * The smallest driving set: the devices to look at, which the expression then filters. Of `all` one branch drives, the smallest; of `any` all
 * do; `not`, and whatever has no index, needs everyone.
 */
export function drivingSet(node: Audience, sizeOf: SizeOf): DrivingSet {
  if ('all' in node) {
    const candidates = node.all.map((inner) => drivingSet(inner, sizeOf));
    return candidates.reduce((best, next) => (next.size < best.size ? next : best));
  }
  if ('any' in node)
    return union(
      node.any.map((inner) => drivingSet(inner, sizeOf)),
      sizeOf,
    );
  if ('not' in node) return everyone(sizeOf);
  const size = sizeOf(node);
  return size === undefined ? everyone(sizeOf) : { terms: [node], size };
}

/** Beyond everyone there is nobody: a union as large as all devices is all devices. */
function union(sets: readonly DrivingSet[], sizeOf: SizeOf): DrivingSet {
  const all = everyone(sizeOf);
  const size = sets.reduce((sum, set) => sum + set.size, 0);
  if (size >= all.size && sets.some(({ terms }) => terms.some((term) => 'everyone' in term))) return all;
  return { terms: sets.flatMap(({ terms }) => terms), size };
}

const everyone = (sizeOf: SizeOf): DrivingSet => ({
  terms: [EVERYONE],
  size: sizeOf(EVERYONE) ?? Infinity,
});
