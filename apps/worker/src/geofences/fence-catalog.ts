import { Injectable } from '@nestjs/common';
import { FenceIndex } from '@carillon/domain';
import { RedisGeofences } from '@carillon/persistence';
import { RecentReads } from '../recent-reads.js';

interface Entry {
  readonly revision: string;
  readonly index: FenceIndex;
}

/** The indexes of all apps' fences, read anew when they have changed. */
@Injectable()
export class FenceCatalog {
  private readonly entries: RecentReads<Entry>;

  constructor(private readonly geofences: RedisGeofences) {
    this.entries = new RecentReads((app, known) => this.refresh(app, known));
  }

  async of(app: string): Promise<FenceIndex> {
    return (await this.entries.of(app)).index;
  }

  private async refresh(app: string, known: Entry | undefined): Promise<Entry> {
    const revision = await this.geofences.revision(app);
    if (known?.revision === revision) return known;
    return { revision, index: new FenceIndex(await this.geofences.all(app)) };
  }
}
