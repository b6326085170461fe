import type { Funnels, FunnelView, Violation } from './checker.js';
import type { Accepted, Ledger, Withdrawal } from './ledger.js';

const RECEIPTED = [
  'queued',
  'written',
  'acknowledged',
  'displayed',
  'opened',
  'expired',
  'collapsed',
  'recalled',
  'dropped',
  'purged',
  'failed',
] as const;

/** The counts of each notification are those of the receipts, and account for every recipient. */
export function checkFunnels(ledger: Ledger, funnels: Funnels): Violation[] {
  const told = receiptCounts(ledger);
  return [...ledger.accepted.values()].flatMap((accepted) => {
    const funnel = funnels.get(accepted.id);
    if (!funnel) return [{ rule: 'not sent', detail: `${accepted.id} (n ${accepted.n}) is not known` }];
    const withdrawal = ledger.withdrawals.get(accepted.id);
    return faultsOf({ accepted, withdrawal, told: told.get(accepted.id) ?? new Map() }, funnel);
  });
}

interface Known {
  readonly accepted: Accepted;
  readonly withdrawal: Withdrawal | undefined;
  /** State → how many, by the receipts. */
  readonly told: ReadonlyMap<string, number>;
}

function faultsOf({ accepted, withdrawal, told }: Known, { status, counts }: FunnelView): Violation[] {
  const where = `${accepted.id} (n ${accepted.n})`;
  const violations: Violation[] = [];
  if (status !== (withdrawal?.status ?? 'sent'))
    violations.push({ rule: 'not sent', detail: `${where} is ${status}` });
  const fault = (detail: string): void =>
    void violations.push({ rule: 'funnel', detail: `${where}: ${detail}` });
  const recipients = accepted.recipients.length;
  if (withdrawal ? counts.queued > recipients : counts.queued !== recipients)
    fault(`${counts.queued} queued for ${recipients} recipients`);
  if (counts.pending !== 0) fault(`${counts.pending} pending`);
  for (const state of RECEIPTED) {
    const receipts = told.get(state) ?? 0;
    if (counts[state] !== receipts) fault(`${counts[state]} ${state}, ${receipts} in the receipts`);
  }
  return violations;
}

/** Notification → state → how many deliveries reached it, by the receipts. */
function receiptCounts({ receipts }: Ledger): Map<string, Map<string, number>> {
  const counts = new Map<string, Map<string, number>>();
  for (const { id, state, count } of receipts.values()) {
    const states = counts.get(id) ?? new Map<string, number>();
    counts.set(id, states);
    states.set(state, (states.get(state) ?? 0) + count);
  }
  return counts;
}
