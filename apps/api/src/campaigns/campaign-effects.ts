import {
  type Campaign,
  type CampaignAction,
  type CampaignPlan,
  type CampaignRun,
  CarillonError,
  plannedFrom,
  upcoming,
} from '@carillon/domain';
import type { CampaignUpdate, RunCommand } from '@carillon/persistence';
import { invalidRequest } from '@carillon/process';

type Effect = (campaign: Campaign, now: number, by: string) => CampaignUpdate;

/** What an action does besides the new state. */
export const EFFECTS: Readonly<Record<CampaignAction, Effect>> = {
  approve: (_campaign, _now, by) => ({ fields: { approvedBy: by } }),
  start,
  pause: (campaign, now) => ({
    fields: { pausedFrom: campaign.state === 'running' ? 'running' : 'scheduled', reason: undefined },
    commands: commandsTo('pause', campaign),
    lookAt: lastLook(campaign, now),
    trigger: 'none',
  }),
  resume: (campaign, now) => ({
    fields: { pausedFrom: undefined, reason: undefined },
    commands: commandsTo('resume', campaign),
    lookAt: now,
    trigger: campaign.plan.trigger ?? 'none',
  }),
  cancel: (campaign, now) => ({
    fields: { open: [], pausedFrom: undefined },
    runs: campaign.open.map((run) => ended(run, now)),
    commands: commandsTo('cancel', campaign),
    lookAt: lastLook(campaign, now),
    trigger: 'none',
  }),
};

/** What has neither schedule nor trigger runs at once. */
function start(campaign: Campaign, now: number): CampaignUpdate {
  const { plan } = campaign;
  const plannedTo = plan.schedule ? plannedFrom(plan, now) : now - 1;
  if (!plan.trigger && upcoming({ ...campaign, startedAt: now }, plannedTo, 1).length === 0)
    throw new CarillonError('time-in-past', 'the schedule has no time to come', {
      faults: [{ pointer: '/schedule', detail: 'has no time to come' }],
    });
  return {
    fields: { startedAt: now, plannedTo, nextAt: undefined },
    lookAt: now,
    trigger: plan.trigger ?? 'none',
  };
}

/** Workers hold back, or cancel, what a geofence triggered and has still to go out. */
const lastLook = ({ plan }: Campaign, now: number): number | 'never' => (plan.trigger ? now : 'never');

const commandsTo = (verb: 'pause' | 'resume' | 'cancel', { open }: Campaign): RunCommand[] =>
  open.flatMap(({ parts }) => parts.map(({ notificationId }) => ({ verb, notificationId })));

function ended(run: CampaignRun, now: number): CampaignRun {
  const { undecided: _, ...rest } = run;
  return { ...rest, endedAt: now };
}

/** What a change of the plan does to a campaign that has been started. */
export function replan(campaign: Campaign, plan: CampaignPlan, now: number): CampaignUpdate['fields'] {
  checkSplit(campaign, plan);
  const isSameSchedule = JSON.stringify(plan.schedule) === JSON.stringify(campaign.plan.schedule);
  const hasWinner = plan.variants.some(({ name }) => name === campaign.winner);
  return {
    plan: isSameSchedule ? { ...plan, scheduledFrom: campaign.plan.scheduledFrom } : plan,
    ...(!isSameSchedule && plannedAgain(campaign, plan, now)),
    ...(campaign.winner !== undefined && !hasWinner && { winner: undefined }),
  };
}

/** Times before count no more; without a schedule there is the one run that begins at once. */
function plannedAgain({ startedAt }: Campaign, plan: CampaignPlan, now: number): CampaignUpdate['fields'] {
  if (startedAt === undefined) return {};
  return {
    plannedTo: plan.schedule || plan.trigger ? plannedFrom(plan, now) : startedAt - 1,
    nextAt: undefined,
  };
}

function checkSplit({ open, plan: before }: Campaign, plan: CampaignPlan): void {
  const sharesOf = ({ holdOut, variants }: CampaignPlan): string =>
    JSON.stringify([holdOut, variants.map(({ name, share }) => [name, share])]);
  if (!open.some(({ undecided }) => undecided) || sharesOf(before) === sharesOf(plan)) return;
  throw invalidRequest([
    {
      pointer: '/variants',
      detail: 'must keep their names and shares: the rest of a run waits for the winner',
    },
  ]);
}
