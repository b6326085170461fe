import type { Violation } from './checker.js';
import type { Accepted, Ledger, Receipt } from './ledger.js';

/** The clocks of processes of one machine may be read in another order than they were set down. */
const CLOCK_MS = 50;

/** Every accepted delivery arrived at least once, or ended as a receipt that says why; nobody got what was not theirs. */
export function checkArrival(ledger: Ledger): Violation[] {
  const seen = new Set(ledger.sightings.map(({ id, device }) => `${id} ${device}`));
  const reasons = endReasons(ledger);
  const violations: Violation[] = [
    ...acceptedTwice(ledger),
    ...givenToAnother(ledger),
    ...endedTwice(ledger),
  ];
  for (const accepted of ledger.accepted.values()) {
    if (ledger.withdrawals.has(accepted.id)) {
      violations.push(...withdrawnFaults(ledger, accepted, seen, reasons));
      continue;
    }
    for (const device of accepted.recipients) {
      const end = ledger.ends.get(accepted.id)?.get(device);
      const fault = faultOf(accepted, device, end, seen.has(`${accepted.id} ${device}`), reasons);
      if (fault) violations.push(fault);
    }
  }
  return violations;
}

/** Of what was taken back, only the deliveries that were made have to end. */
function withdrawnFaults(
  { ends, queued }: Ledger,
  accepted: Accepted,
  seen: ReadonlySet<string>,
  reasons: EndReasons,
): Violation[] {
  const found = ends.get(accepted.id) ?? new Map<string, Receipt>();
  const missing = (queued.get(accepted.id) ?? 0) - found.size;
  const lost: Violation[] =
    missing === 0
      ? []
      : [
          {
            rule: 'lost',
            detail: `${accepted.id} (n ${accepted.n}), withdrawn: ${missing} of its deliveries have no end`,
          },
        ];
  const faults = accepted.recipients.flatMap((device) => {
    const [end, wasSeen] = [found.get(device), seen.has(`${accepted.id} ${device}`)];
    return end || wasSeen ? (faultOf(accepted, device, end, wasSeen, reasons) ?? []) : [];
  });
  return [...lost, ...faults];
}

function faultOf(
  accepted: Accepted,
  device: string,
  end: Receipt | undefined,
  wasSeen: boolean,
  reasons: EndReasons,
): Violation | undefined {
  const where = `${accepted.id} (n ${accepted.n}) for ${device}`;
  if (!end)
    return { rule: 'lost', detail: `${where}: ${wasSeen ? 'seen, ' : 'not seen, '}no receipt of its end` };
  if (end.state === 'acknowledged')
    return wasSeen ? undefined : { rule: 'acknowledged unseen', detail: where };
  const reason = isReason(accepted, device, end, reasons);
  return reason ? undefined : { rule: 'ended without reason', detail: `${where}: ${end.state}` };
}

function isReason(accepted: Accepted, device: string, end: Receipt, reasons: EndReasons): boolean {
  if (end.state === 'expired') return accepted.onlineOnly || end.at + CLOCK_MS >= accepted.expiresAt;
  if (end.state === 'collapsed') return reasons.hasOthers(accepted, device);
  // Nothing else is done to deliveries in a run.
  return end.state === 'recalled' && reasons.isRecalled(accepted.id);
}

/** What may be a reason of an end. */
interface EndReasons {
  isRecalled(id: string): boolean;
  hasOthers(accepted: Accepted, device: string): boolean;
}

function endReasons({ accepted, withdrawals }: Ledger): EndReasons {
  const counts = new Map<string, number>();
  for (const { collapseKey, recipients } of accepted.values()) {
    if (collapseKey === undefined) continue;
    for (const device of recipients) {
      const place = `${device} ${collapseKey}`;
      counts.set(place, (counts.get(place) ?? 0) + 1);
    }
  }
  return {
    isRecalled: (id) => withdrawals.get(id)?.status === 'recalled',
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
