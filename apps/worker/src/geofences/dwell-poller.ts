import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { RedisDevices, RedisPositions, Store } from '@carillon/persistence';
import { ProcessContext, Recurring } from '@carillon/process';
import { FenceWatch } from './fence-watch.js';

const POLL_MS = 1_000;
const BATCH = 256;

/** Finds visits that have become long, also of devices that say nothing. Several workers may: a trigger has its effect once. */
@Injectable()
export class DwellPoller implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly recurring: Recurring;

  constructor(
    private readonly positions: RedisPositions,
    private readonly devices: RedisDevices,
    private readonly watch: FenceWatch,
    private readonly store: Store,
    context: ProcessContext,
  ) {
    this.recurring = new Recurring('dwell poll', () => this.poll(), context.logger);
  }

  onApplicationBootstrap(): void {
    this.recurring.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.recurring.stop();
  }

  private async poll(): Promise<number> {
    const now = Date.now();
    const pages = await Promise.all(
      this.store.allPartitions().map(async (partition) => {
        const visits = await this.positions.longVisits(partition, now, BATCH);
        for (const visit of visits) await this.lookAt(partition, visit, now);
        return visits.length;
      }),
    );
    return pages.includes(BATCH) ? 0 : POLL_MS;
  }

  private async lookAt(
    partition: number,
    { deviceId, fenceId }: { deviceId: string; fenceId: string },
    now: number,
  ): Promise<void> {
    const login = await this.devices.login(deviceId);
    if (login) await this.watch.lookAt(login.app, deviceId, fenceId, now);
    // Done, or nothing to do any more.
    await this.positions.dropLongVisit(partition, deviceId, fenceId);
  }
}
