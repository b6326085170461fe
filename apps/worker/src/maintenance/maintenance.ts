import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Lease, Store } from '@carillon/persistence';
import { ProcessContext, Recurring } from '@carillon/process';
import { EdgeReaper } from './edge-reaper.js';
import { ExpirySweeper } from './expiry-sweeper.js';

const ROUND_MS = 1_000;
const LEASE_MS = 5_000;

/** Housekeeping that one worker at a time does. */
@Injectable()
export class Maintenance implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly lease: Lease;
  private readonly rounds: Recurring;

  constructor(
    private readonly expiry: ExpirySweeper,
    private readonly edges: EdgeReaper,
    store: Store,
    context: ProcessContext,
  ) {
    this.lease = new Lease(store, 'maintenance', context.id, LEASE_MS);
    this.rounds = new Recurring('maintenance', () => this.round(), context.logger);
  }

  onApplicationBootstrap(): void {
    this.rounds.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.rounds.stop();
    await this.lease.release();
  }

  private async round(): Promise<number> {
    if (!(await this.lease.renew())) return ROUND_MS;
    const now = Date.now();
    await this.edges.sweep(now);
    return (await this.expiry.sweep(now)) ? 0 : ROUND_MS;
  }
}
