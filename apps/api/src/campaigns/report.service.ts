import { Injectable } from '@nestjs/common';
import type { Campaign, DeliveryCounts } from '@carillon/domain';
import { RedisCampaigns, RunProgressReader } from '@carillon/persistence';
import { CampaignsService, viewOf } from './campaigns.service.js';
import type { CampaignView } from './campaign.view.js';
import { totalOf } from './report.js';
import type { CampaignProgress, CampaignReport } from './report.view.js';
import type { RunView } from './run.view.js';
import { RunsService } from './runs.service.js';

const MAX_RUNS = 1_000;
/** Runs that are read at the same time. */
const AT_ONCE = 20;

interface Counted {
  readonly variant: string;
  readonly counts?: DeliveryCounts;
}

/** What has become of a campaign, told from its notifications. */
@Injectable()
export class ReportService {
  constructor(
    private readonly campaigns: CampaignsService,
    private readonly stored: RedisCampaigns,
    private readonly runs: RunsService,
    private readonly reader: RunProgressReader,
  ) {}

  /** The campaign, with how far its runs at work have come. */
  async read(app: string, id: string): Promise<CampaignView> {
    const campaign = await this.campaigns.find(app, id);
    const view = viewOf(campaign);
    if (campaign.open.length === 0) return view;
    return { ...view, progress: progressOf(await this.runs.views(campaign.open)) };
  }

  async report(app: string, id: string): Promise<CampaignReport> {
    const campaign = await this.campaigns.find(app, id);
    const [runs, crossings] = await Promise.all([this.allRuns(id), this.crossings(campaign)]);
    const counted = [...runs.flatMap(({ parts }): Counted[] => parts), ...crossings];
    const { plan, state, winner } = campaign;
    return {
      id,
      name: plan.name,
      state,
      ...(winner !== undefined && { chosen: winner }),
      ...(plan.trigger && { triggered: crossings.length }),
      total: totalOf(counted.map(({ counts }) => counts)),
      variants: plan.variants.map(({ name }) => ({
        variant: name,
        ...totalOf(counted.filter(({ variant }) => variant === name).map(({ counts }) => counts)),
      })),
      runs,
    };
  }

  private async allRuns(id: string): Promise<RunView[]> {
    const runs = await this.stored.runs(id, Infinity, MAX_RUNS);
    const views: RunView[] = [];
    for (let i = 0; i < runs.length; i += AT_ONCE)
      views.push(...(await this.runs.views(runs.slice(i, i + AT_ONCE))));
    return views;
  }

  private async crossings({ id, plan }: Campaign): Promise<Counted[]> {
    if (!plan.trigger) return [];
    const parts = await this.stored.crossings(id);
    const counted: Counted[] = [];
    for (let i = 0; i < parts.length; i += AT_ONCE) {
      const slice = parts.slice(i, i + AT_ONCE);
      const readings = await this.reader.of([{ at: 0, parts: slice }]);
      for (const { variant, notificationId } of slice)
        counted.push({ variant, counts: readings.get(notificationId)?.counts });
    }
    return counted;
  }
}

function progressOf(runs: readonly RunView[]): CampaignProgress {
  const all = runs.flatMap(({ parts }) => parts.flatMap(({ progress }) => progress ?? []));
  const atWork = all.filter(({ waiting }) => waiting > 0);
  const rates = atWork.flatMap(({ perSecond }) => perSecond ?? []);
  const left = atWork.flatMap(({ secondsLeft }) => secondsLeft ?? []);
  return {
    runs: runs.length,
    waiting: all.reduce((sum, { waiting }) => sum + waiting, 0),
    ...(rates.length > 0 && { perSecond: rates.reduce((sum, rate) => sum + rate, 0) }),
    ...(left.length > 0 && { secondsLeft: Math.max(...left) }),
  };
}
