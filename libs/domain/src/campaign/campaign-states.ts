import type { Campaign, CampaignAction, CampaignState } from './campaign.js';

/** `second-key`: a campaign is started only when another key than the one that changed it last has approved it. */
export type ApprovalPolicy = 'none' | 'second-key';

/** The step that an action makes, or why it cannot. */
export type Step = { readonly to: CampaignState } | { readonly refusal: string };

const FROM: Readonly<Record<CampaignAction, readonly CampaignState[]>> = {
  approve: ['draft', 'paused'],
  start: ['draft', 'approved'],
  pause: ['scheduled', 'running'],
  resume: ['paused'],
  cancel: ['draft', 'approved', 'scheduled', 'running', 'paused'],
};
const DONE_TO: Readonly<Record<CampaignAction, string>> = {
  approve: 'approved',
  start: 'started',
  pause: 'paused',
  resume: 'resumed',
  cancel: 'cancelled',
};

/** May a campaign be changed? One at work is paused first. */
export const isEditable = ({ state }: Pick<Campaign, 'state'>): boolean =>
  state === 'draft' || state === 'approved' || state === 'paused';

export const isAtWork = ({ state }: Pick<Campaign, 'state'>): boolean =>
  state === 'scheduled' || state === 'running';

export const isOver = ({ state }: Pick<Campaign, 'state'>): boolean =>
  state === 'done' || state === 'cancelled';

/** @param by the id of the API key */
export function stepOf(
  campaign: Campaign,
  action: CampaignAction,
  by: string,
  approval: ApprovalPolicy,
): Step {
  const { state, approvedBy, editedBy } = campaign;
  if (!FROM[action].includes(state)) {
    return {
      refusal: `it is ${state}; ${FROM[action].join(', ')} campaigns can be ${DONE_TO[action]}`,
    };
  }
  if (action === 'approve') return approve(campaign, by, approval);
  const needsApproval = approval === 'second-key' && approvedBy === undefined;
  if ((action === 'start' || action === 'resume') && needsApproval)
    return { refusal: `it has to be approved first, by another key than ${editedBy}` };
  return { to: action === 'resume' ? (campaign.pausedFrom ?? 'scheduled') : TO[action] };
}

const TO = { start: 'scheduled', pause: 'paused', cancel: 'cancelled' } as const;

function approve({ state, approvedBy, editedBy }: Campaign, by: string, approval: ApprovalPolicy): Step {
  if (approvedBy !== undefined) return { refusal: `it is approved already, by ${approvedBy}` };
  if (approval === 'second-key' && by === editedBy)
    return { refusal: `the key ${by} changed it last: another one has to approve it` };
  return { to: state === 'draft' ? 'approved' : state };
}
