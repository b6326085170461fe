import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { RedisNotifications, Store } from '@carillon/persistence';
import { ProcessContext, Recurring } from '@carillon/process';

/** At least so often every lane's due set is looked at, ms: what another process schedules meanwhile is at most so late. */
const POLL_MS = 100;
const BATCH = 256;

/** Puts notifications on their way when their time has come. Every worker does it; each one is claimed by one of them. */
@Injectable()
export class DuePoller implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly lanes: Recurring[];

  constructor(
    private readonly notifications: RedisNotifications,
    store: Store,
    context: ProcessContext,
  ) {
    this.lanes = store
      .allLanes()
      .map((lane) => new Recurring(`due poll of lane ${lane}`, () => this.poll(lane), context.logger));
  }

  onApplicationBootstrap(): void {
    for (const lane of this.lanes) lane.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.stop()));
  }

  private async poll(lane: number): Promise<number> {
    const { moved, nextAt } = await this.notifications.claimDue(lane, Date.now(), BATCH);
    if (moved === BATCH) return 0;
    return nextAt === undefined ? POLL_MS : Math.min(POLL_MS, Math.max(1, nextAt - Date.now()));
  }
}
