import type { Violation } from './checker.js';
import type { Accepted, Ledger, Receipt } from './ledger.js';

/** The clocks of processes of one machine may be read in another order than they were set down. */
const CLOCK_MS = 50;

/** Every accepted delivery arrived at least once, or ended as a receipt that says why; nobody got what was not theirs. */
export function checkArrival(ledger: Ledger): Violation[] {
  const seen = new Set(ledger.sightings.map(({ id, device }) => `${id} ${device}`));
  const collapsing = collapseIndex(ledger);
  const violations: Violation[] = [
    ...acceptedTwice(ledger),
    ...givenToAnother(ledger),
    ...endedTwice(ledger),
  ];
  for (const accepted of ledger.accepted.values()) {
    for (const device of accepted.recipients) {
      const end = ledger.ends.get(accepted.id)?.get(device);
      const fault = faultOf(accepted, device, end, seen.has(`${accepted.id} ${device}`), collapsing);
      if (fault) violations.push(fault);
    }
  }
  return violations;
}

function faultOf(
  accepted: Accepted,
  device: string,
  end: Receipt | undefined,
  wasSeen: boolean,
  collapsing: CollapseIndex,
): Violation | undefined {
  const where = `${accepted.id} (n ${accepted.n}) for ${device}`;
  if (!end)
    return { rule: 'lost', detail: `${where}: ${wasSeen ? 'seen, ' : 'not seen, '}no receipt of its end` };
  if (end.state === 'acknowledged')
    return wasSeen ? undefined : { rule: 'acknowledged unseen', detail: where };
  const reason = isReason(accepted, device, end, collapsing);
  return reason ? undefined : { rule: 'ended without reason', detail: `${where}: ${end.state}` };
}

function isReason(accepted: Accepted, device: string, end: Receipt, collapsing: CollapseIndex): boolean {
  if (end.state === 'expired') return accepted.onlineOnly || end.at + CLOCK_MS >= accepted.expiresAt;
  if (end.state === 'collapsed') return collapsing.hasOthers(accepted, device);
  // Nothing else is done to deliveries in a run.
  return false;
}

interface CollapseIndex {
  hasOthers(accepted: Accepted, device: string): boolean;
}

function collapseIndex({ accepted }: Ledger): CollapseIndex {
  const counts = new Map<string, number>();
  for (const { collapseKey, recipients } of accepted.values()) {
    if (collapseKey === undefined) continue;
    for (const device of recipients) {
      const place = `${device} ${collapseKey}`;
      counts.set(place, (counts.get(place) ?? 0) + 1);
    }
  }
  return {
    hasOthers: ({ collapseKey }, device) =>
      collapseKey !== undefined && (counts.get(`${device} ${collapseKey}`) ?? 0) > 1,
  };
}

/** A send that was repeated with its idempotency key is one notification. */
function acceptedTwice({ accepted, sightings }: Ledger): Violation[] {
  const ids = new Map<number, Set<string>>();
  const add = (n: number, id: string): void => void ids.set(n, (ids.get(n) ?? new Set()).add(id));
  for (const { n, id } of accepted.values()) add(n, id);
  for (const { n, id } of sightings) add(n, id);
  return [...ids]
    .filter(([, different]) => different.size > 1)
    .map(([n, different]) => ({ rule: 'accepted twice', detail: `n ${n}: ${[...different].join(', ')}` }));
}

function givenToAnother({ accepted, sightings }: Ledger): Violation[] {
  const recipients = new Map([...accepted.values()].map((each) => [each.id, new Set(each.recipients)]));
  return sightings
    .filter(({ id, device }) => recipients.has(id) && !recipients.get(id)!.has(device))
    .map(({ id, n, device }) => ({ rule: 'given to another', detail: `${id} (n ${n}) to ${device}` }));
}

const endedTwice = ({ endedTwice: found }: Ledger): Violation[] =>
  found.map(({ id, device, states }) => ({ rule: 'ended twice', detail: `${id} for ${device}: ${states}` }));
