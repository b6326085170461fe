import { Injectable } from '@nestjs/common';
import {
  type Campaign,
  type CampaignChange,
  type CampaignSteps,
  type CampaignState,
  ITSELF,
  needsCounts,
  planCampaign,
} from '@carillon/domain';
import { type CampaignUpdate, RedisCampaigns, RunProgressReader } from '@carillon/persistence';
import { WaitingCrossings } from './waiting-crossings.js';

/** Takes a campaign as far as it can go now. Every step is one script: whoever is killed in between has done it or not, and no run begins twice. */
@Injectable()
export class CampaignRunner {
  constructor(
    private readonly campaigns: RedisCampaigns,
    private readonly progress: RunProgressReader,
    private readonly waiting: WaitingCrossings,
  ) {}

  async look(id: string, now: number): Promise<void> {
    await this.campaigns.change(id, now, async (campaign) => {
      const { open, plan } = campaign;
      if (plan.trigger) await this.waiting.steer(campaign, now);
      const progress = await (needsCounts(campaign, now)
        ? this.progress.of(open)
        : this.progress.states(open));
      const fits = (notificationId: string): boolean => this.campaigns.isBeside(id, notificationId);
      const steps = planCampaign(campaign, progress, now, fits);
      return steps ? updateOf(campaign, steps, now) : { fields: {}, lookAt: 'never' };
    });
  }
}

function updateOf(campaign: Campaign, steps: CampaignSteps, now: number): CampaignUpdate {
  const { runs, notifications, open, plannedTo, nextAt, winner, pause, lookAt } = steps;
  const state = stateAfter(campaign, steps);
  return {
    fields: {
      ...(state !== campaign.state && { state }),
      ...(pause !== undefined && { pausedFrom: 'running', reason: pause }),
      ...((runs.length > 0 || open.length !== campaign.open.length) && { open }),
      ...(plannedTo !== undefined && plannedTo !== campaign.plannedTo && { plannedTo }),
      ...(nextAt !== undefined && nextAt !== campaign.nextAt && { nextAt }),
      ...(winner !== campaign.winner && winner !== undefined && { winner }),
    },
    runs,
    commands:
      pause === undefined
        ? notifications.map((notification) => ({ verb: 'begin', notification }))
        : partsOf(campaign).map((notificationId) => ({ verb: 'pause', notificationId })),
    ...changeOf(campaign, steps, state, now),
    lookAt: state === campaign.state || state === 'running' ? (lookAt ?? 'never') : 'never',
  };
}

function stateAfter({ state }: Campaign, { pause, done, runs }: CampaignSteps): CampaignState {
  if (pause !== undefined) return 'paused';
  if (done) return 'done';
  return runs.some(({ missed }) => !missed) ? 'running' : state;
}

/** What is worth telling of it. */
function changeOf(
  { state: before, winner: former }: Campaign,
  { pause, winner, runs }: CampaignSteps,
  state: CampaignState,
  at: number,
): { change?: CampaignChange } {
  const told = (action: CampaignChange['action'], detail?: string): { change: CampaignChange } => ({
    change: { at, by: ITSELF, action, state, ...(detail !== undefined && { detail }) },
  });
  if (pause !== undefined) return told('pause', pause);
  if (winner !== undefined && winner !== former) return told('winner', winner);
  if (state === before) return {};
  return state === 'done' ? told('finish') : told('run', new Date(runs.at(-1)!.at).toISOString());
}

const partsOf = ({ open }: Campaign): string[] =>
  open.flatMap(({ parts }) => parts.map(({ notificationId }) => notificationId));
