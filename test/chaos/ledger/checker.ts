import type { DeliveryCounts } from '@carillon/domain';
import { checkArrival } from './check-arrival.js';
import { checkFunnels } from './check-funnels.js';
import { checkOrder } from './check-order.js';
import { checkRepetition } from './check-repetition.js';
import { checkReports } from './check-reports.js';
import { checkWithdrawals } from './check-withdrawals.js';
import type { Ledger } from './ledger.js';

/** What must never be. */
export interface Violation {
  readonly rule:
    | 'accepted twice'
    | 'not sent'
    | 'lost'
    | 'acknowledged unseen'
    | 'ended without reason'
    | 'ended twice'
    | 'given to another'
    | 'seen after its end'
    | 'out of order'
    | 'not told'
    | 'report lost'
    | 'not drained'
    | 'funnel'
    | 'left over';
  readonly detail: string;
}

/** What the API says of each notification at the end; undefined where it does not know it. */
export type Funnels = ReadonlyMap<string, FunnelView | undefined>;
export interface FunnelView {
  readonly status: string;
  readonly counts: DeliveryCounts;
}

/** Holds what the system says and what devices saw against what was promised. Pure: the same ledger, the same answer. */
export function check(ledger: Ledger, funnels: Funnels): Violation[] {
  return [
    ...checkArrival(ledger),
    ...checkRepetition(ledger),
    ...checkOrder(ledger),
    ...checkWithdrawals(ledger),
    ...checkReports(ledger),
    ...checkFunnels(ledger, funnels),
  ];
}

/** How many of each rule, and the first few of them. */
export function summary(violations: readonly Violation[], examples = 5): string {
  const byRule = new Map<string, Violation[]>();
  for (const violation of violations)
    byRule.set(violation.rule, [...(byRule.get(violation.rule) ?? []), violation]);
  return [...byRule]
    .map(([rule, found]) =>
      [`${rule}: ${found.length}`, ...found.slice(0, examples).map(({ detail }) => `  ${detail}`)].join('\n'),
    )
    .join('\n');
}
