import { Injectable } from '@nestjs/common';
import { FenceIndex } from '@carillon/domain';
import { RedisGeofences } from '@carillon/persistence';

/** How old the fences that a worker goes by may be, ms. */
const MAX_AGE = 1_000;

interface Entry {
  readonly revision: string;
  readonly index: FenceIndex;
  readonly readAt: number;
}

/** The indexes of all apps' fences, read anew when they have changed. */
@Injectable()
export class FenceCatalog {
  private readonly entries = new Map<string, Promise<Entry>>();

  constructor(private readonly geofences: RedisGeofences) {}

  async of(app: string): Promise<FenceIndex> {
    const known = await this.entries.get(app)?.catch(() => undefined);
    if (known && Date.now() - known.readAt < MAX_AGE) return known.index;
    const entry = this.refresh(app, known);
    this.entries.set(app, entry);
    return (await entry).index;
  }

  private async refresh(app: string, known: Entry | undefined): Promise<Entry> {
    const readAt = Date.now();
    const revision = await this.geofences.revision(app);
    if (known?.revision === revision) return { ...known, readAt };
    return { revision, index: new FenceIndex(await this.geofences.all(app)), readAt };
  }
}
