import type { Violation } from './checker.js';
import type { Ledger } from './ledger.js';

/** What was written may be known by so much later, ms: Redis may stand still, and an edge that is killed does not say. */
const UNKNOWN_MS = 12_000;

/** Every device that had a notification for long when it was recalled is told to remove it. */
export function checkWithdrawals({ sightings, withdrawals, recallsSeen, ends }: Ledger): Violation[] {
  const untold = new Map<string, Violation>();
  for (const { id, n, device, at } of sightings) {
    const withdrawal = withdrawals.get(id);
    if (withdrawal?.status !== 'recalled' || at > withdrawal.begunAt - UNKNOWN_MS) continue;
    if (ends.get(id)?.get(device)?.state !== 'acknowledged' || recallsSeen.get(id)?.has(device)) continue;
    untold.set(`${id} ${device}`, { rule: 'not told', detail: `${id} (n ${n}) recalled, ${device} has it` });
  }
  return [...untold.values()];
}
