import type { Violation } from './checker.js';
import type { Ledger } from './ledger.js';

/** What a device was told to have reported is a receipt. */
export const checkReports = (ledger: Ledger): Violation[] =>
  ledger
    .unheardReports()
    .map(({ id, device, state }) => ({ rule: 'report lost', detail: `${id} by ${device}: ${state}` }));
