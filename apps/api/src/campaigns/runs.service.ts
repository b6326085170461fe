import { Injectable } from '@nestjs/common';
import { type CampaignRun, formatInstant, formatWallTime, parseInstant } from '@carillon/domain';
import { type PartReading, RedisCampaigns, RunProgressReader } from '@carillon/persistence';
import { foreignCursor, type PageQuery } from '../http/page.dto.js';
import { statusView } from '../notifications/notification.view.js';
import { ProgressService } from '../notifications/progress.service.js';
import type { FieldsOf } from './campaign.view.js';
import { CampaignsService } from './campaigns.service.js';
import type { RunPage, RunPartView, RunState, RunView } from './run.view.js';

/** The runs of campaigns, told from their notifications. */
@Injectable()
export class RunsService {
  constructor(
    private readonly campaigns: CampaignsService,
    private readonly runs: RedisCampaigns,
    private readonly reader: RunProgressReader,
    private readonly progress: ProgressService,
  ) {}

  /** The cursor is the time of the last run of the page before. */
  async page(app: string, id: string, { cursor, limit }: PageQuery): Promise<RunPage> {
    await this.campaigns.find(app, id);
    const before = cursor === undefined ? Infinity : parseInstant(cursor);
    if (before === undefined) throw foreignCursor();
    const found = await this.runs.runs(id, before, limit + 1);
    const page = found.slice(0, limit);
    const runs = await this.views(page);
    return { runs, ...(found.length > limit && { next: runs.at(-1)!.at }) };
  }

  async views(runs: readonly CampaignRun[]): Promise<RunView[]> {
    const readings = await this.reader.of(runs);
    return Promise.all(
      runs.map(async (run): Promise<RunView> => {
        const parts = run.parts.map(({ notificationId, ...part }) =>
          this.part({ ...part, notification: notificationId }, readings.get(notificationId)!),
        );
        return {
          at: formatInstant(run.at),
          ...(run.wall !== undefined && { localTime: formatWallTime(run.wall) }),
          state: stateOf(run),
          ...(run.begunAt !== undefined && { begunAt: formatInstant(run.begunAt) }),
          ...(run.endedAt !== undefined && { endedAt: formatInstant(run.endedAt) }),
          parts: await Promise.all(parts),
        };
      }),
    );
  }

  private async part(part: FieldsOf<RunPartView>, { record, counts }: PartReading): Promise<RunPartView> {
    if (!record) return part;
    const progress = await this.progress.of(record);
    return { ...part, status: statusView(record), ...(progress && { progress }), counts };
  }
}

function stateOf({ missed, undecided, endedAt }: CampaignRun): RunState {
  if (missed) return 'missed';
  if (endedAt !== undefined) return 'ended';
  return undecided ? 'undecided' : 'running';
}
