import type { Violation } from './checker.js';
import type { Accepted, Ledger, Sighting } from './ledger.js';

/**
 * Within a priority, a connection gives a device its inbox in order, and the device sees nothing for the first time late;
 * and what is for one device, or one user, stands in inboxes in the order in which it was accepted.
 */
export function checkOrder(ledger: Ledger): Violation[] {
  // What waits for a transport that the device does not use is passed over meanwhile.
  const firsts = firstSightings(ledger.sightings).filter(({ id }) => !ledger.accepted.get(id)?.restricted);
  return [
    ...falling(ledger.sightings, ({ connection, priority }) => `connection ${connection}, ${priority}`),
    ...falling(firsts, ({ device, priority }) => `${device}, ${priority}`),
    ...outOfTurn(ledger),
  ];
}

/** Of two of which one was answered before the other was sent first. */
function outOfTurn(ledger: Ledger): Violation[] {
  const latest = new Map<string, { accepted: Accepted; sighting: Sighting }>();
  const bySeq = firstSightings(ledger.sightings).sort((a, b) => a.seq - b.seq);
  return bySeq.flatMap((sighting) => {
    const accepted = ledger.accepted.get(sighting.id);
    if (accepted?.turn === undefined) return [];
    const place = `${accepted.turn}, ${sighting.device}, ${sighting.priority}`;
    const before = latest.get(place);
    if (!before || accepted.begunTick > before.accepted.begunTick) latest.set(place, { accepted, sighting });
    return before && before.accepted.begunTick > accepted.tick
      ? [violation(`turn ${place}`, before.sighting, sighting)]
      : [];
  });
}

function firstSightings(sightings: readonly Sighting[]): Sighting[] {
  const seen = new Set<string>();
  return sightings.filter(({ id, device }) => {
    const place = `${id} ${device}`;
    return !seen.has(place) && seen.add(place);
  });
}

function falling(sightings: readonly Sighting[], groupOf: (sighting: Sighting) => string): Violation[] {
  const last = new Map<string, Sighting>();
  const violations: Violation[] = [];
  for (const sighting of sightings) {
    const group = groupOf(sighting);
    const before = last.get(group);
    if (before && before.seq >= sighting.seq) violations.push(violation(group, before, sighting));
    else last.set(group, sighting);
  }
  return violations;
}

const violation = (group: string, before: Sighting, after: Sighting): Violation => ({
  rule: 'out of order',
  detail: `${group}: ${after.device} over ${after.transport} saw ${after.id} (seq ${after.seq}) after ${before.id} (seq ${before.seq})`,
});

/**
 * How many deliveries stand in an inbox before one that was accepted earlier, whatever their turns: what searches for its
 * devices takes longer than what names them, so this is told and is no violation.
 */
export function overtaken(ledger: Ledger): number {
  const latest = new Map<string, Accepted>();
  let count = 0;
  for (const sighting of firstSightings(ledger.sightings)) {
    const accepted = ledger.accepted.get(sighting.id);
    if (!accepted || accepted.scheduled) continue;
    const place = `${sighting.device} ${sighting.priority}`;
    const before = latest.get(place);
    if (before && before.begunTick > accepted.tick) count++;
    else latest.set(place, accepted);
  }
  return count;
}
