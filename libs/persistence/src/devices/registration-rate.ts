import { runScript } from '@carillon/redis';
import type { Store } from '../store.js';

const WINDOW_MS = 3_600_000;

/** How often an address has tried to register a device within the hour, on whichever edge. */
export class RegistrationRate {
  constructor(private readonly store: Store) {}

  /** Counts one more attempt. @returns how many there were in this hour, and when it ends (ms from now) */
  async count(address: string): Promise<{ attempts: number; endsInMs: number }> {
    const { client, keys } = this.store;
    const key = keys.registrations(this.store.partitionOf(address), address);
    const [attempts, endsInMs] = await runScript<[number, number]>(
      client,
      'count-registration',
      [key],
      [WINDOW_MS],
    );
    return { attempts, endsInMs };
  }
}
