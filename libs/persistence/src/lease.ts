import { runScript } from '@carillon/redis';
import type { Store } from './store.js';

/** One holder at a time, for work that only wastes effort when done twice. */
export class Lease {
  constructor(
    private readonly store: Store,
    private readonly name: string,
    private readonly holder: string,
    private readonly lifeMs: number,
  ) {}

  /** @returns whether this holder has it now */
  async renew(): Promise<boolean> {
    const key = this.store.keys.lease(this.name);
    return (
      (await runScript<number>(this.store.client, 'renew-lease', [key], [this.holder, this.lifeMs])) === 1
    );
  }

  async release(): Promise<void> {
    await runScript(this.store.client, 'release-lease', [this.store.keys.lease(this.name)], [this.holder]);
  }
}
