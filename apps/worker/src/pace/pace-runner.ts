import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Lease, PacedNotifications, Store } from '@carillon/persistence';
import { ProcessContext, Recurring } from '@carillon/process';
import { PacedSender } from './paced-sender.js';

/** So often every lane is looked at, ms: a change of a notification takes effect in about as long. */
const ROUND_MS = 50;
/** For so long a worker has a notification for itself; if it dies, another one goes on after that, ms. */
const LEASE_MS = 3_000;
const AT_ONCE = 32;

/** Gives the devices of paced notifications their turns. Every worker does it; one notification is one worker's at a time. */
@Injectable()
export class PaceRunner implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly lanes: Recurring[];
  private readonly leases = new Map<string, Lease>();

  constructor(
    private readonly paced: PacedNotifications,
    private readonly sender: PacedSender,
    private readonly store: Store,
    private readonly context: ProcessContext,
  ) {
    this.lanes = store
      .allLanes()
      .map((lane) => new Recurring(`paced sending of lane ${lane}`, () => this.round(lane), context.logger));
  }

  onApplicationBootstrap(): void {
    for (const lane of this.lanes) lane.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.stop()));
    await Promise.all([...this.leases.values()].map((lease) => lease.release()));
  }

  private async round(lane: number): Promise<number> {
    const due = await this.paced.due(lane, Date.now(), AT_ONCE);
    const worked = await Promise.all(due.map((id) => this.work(id)));
    return worked.some((more) => more) ? 0 : ROUND_MS;
  }

  /** @returns whether there is more to do at once */
  private async work(id: string): Promise<boolean> {
    const lease = this.leases.get(id) ?? new Lease(this.store, `pace:${id}`, this.context.id, LEASE_MS);
    if (!(await lease.renew())) {
      this.leases.delete(id);
      return false;
    }
    this.leases.set(id, lease);
    const outcome = await this.sender.step(id);
    if (outcome === 'more') return true;
    if (outcome !== 'done') {
      await this.paced.postpone(id, outcome.until);
      return false;
    }
    this.leases.delete(id);
    await lease.release();
    return false;
  }
}
