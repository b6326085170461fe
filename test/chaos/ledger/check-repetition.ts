import type { Violation } from './checker.js';
import type { Confirmation, Ledger, Sighting } from './ledger.js';

/**
 * A copy that was written before the acknowledgement was recorded may still be read after the word of it came, from a
 * connection of before: so long after it, ms, nothing can be on its way any more.
 */
const UNDER_WAY_MS = 10_000;

/** Nothing was seen again after its acknowledgement, or another end, was confirmed. */
export function checkRepetition({ sightings, confirmations }: Ledger): Violation[] {
  return sightings.flatMap((sighting) => {
    const confirmed = confirmations.get(sighting.id)?.get(sighting.device);
    return confirmed && isTooLate(sighting, confirmed) ? [violation(sighting, confirmed)] : [];
  });
}

const isTooLate = ({ begunTick, at }: Sighting, confirmed: Confirmation): boolean =>
  begunTick > confirmed.tick || at > confirmed.at + UNDER_WAY_MS;

function violation({ id, n, device, transport, at }: Sighting, confirmed: Confirmation): Violation {
  const after = at - confirmed.at;
  return {
    rule: 'seen after its end',
    detail: `${id} (n ${n}) by ${device} over ${transport}, ${after} ms after it was confirmed`,
  };
}

/** How many sightings were repetitions, all of them allowed. */
export function repetitions({ sightings }: Ledger): number {
  return sightings.length - new Set(sightings.map(({ id, device }) => `${id} ${device}`)).size;
}
