import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { RedisCampaigns, Store } from '@carillon/persistence';
import { ProcessContext, Recurring } from '@carillon/process';
import { CampaignRunner } from './campaign-runner.js';

/** At least so often every lane is looked at, ms: so late may a change of a campaign take effect. */
const POLL_MS = 100;
const BATCH = 64;
/** If the worker that looks at a campaign dies, another one does after that, ms. */
const LEASE_MS = 5_000;

/** Looks at campaigns when it is time to. Every worker does it; each one is claimed by one of them, and two would do no harm. */
@Injectable()
export class CampaignPoller implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly lanes: Recurring[];

  constructor(
    private readonly campaigns: RedisCampaigns,
    private readonly runner: CampaignRunner,
    store: Store,
    private readonly context: ProcessContext,
  ) {
    this.lanes = store
      .allLanes()
      .map((lane) => new Recurring(`campaigns of lane ${lane}`, () => this.poll(lane), context.logger));
  }

  onApplicationBootstrap(): void {
    for (const lane of this.lanes) lane.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.stop()));
  }

  private async poll(lane: number): Promise<number> {
    const { ids, nextAt } = await this.campaigns.claim(lane, Date.now(), BATCH, LEASE_MS);
    await Promise.all(ids.map((id) => this.look(id)));
    if (ids.length === BATCH) return 0;
    return nextAt === undefined ? POLL_MS : Math.min(POLL_MS, Math.max(1, nextAt - Date.now()));
  }

  /** One that cannot be looked at keeps no other from it, and comes again. */
  private async look(id: string): Promise<void> {
    try {
      await this.runner.look(id, Date.now());
    } catch (error) {
      this.context.logger.error({ error: String(error), campaign: id }, 'a campaign could not be looked at');
    }
  }
}
