import type { Campaign, CampaignAction, CampaignState } from './campaign.js';
import { CAMPAIGN_STATES } from './campaign.js';
import { stepOf } from './campaign-states.js';

const campaign = (state: CampaignState, more: Partial<Campaign> = {}): Campaign => ({
  id: 'c',
  app: 'default',
  revision: 1,
  state,
  plan: { name: 'c', audience: { everyone: true }, variants: [], holdOut: 0, scheduledFrom: 0 },
  given: {},
  createdAt: 0,
  createdBy: 'author',
  editedAt: 0,
  editedBy: 'author',
  open: [],
  ...more,
});

/** What each action makes of each state; states that are not named refuse it. */
const STEPS: Record<CampaignAction, Partial<Record<CampaignState, CampaignState>>> = {
  approve: { draft: 'approved', paused: 'paused' },
  start: { draft: 'scheduled', approved: 'scheduled' },
  pause: { scheduled: 'paused', running: 'paused' },
  resume: { paused: 'running' },
  cancel: {
    draft: 'cancelled',
    approved: 'cancelled',
    scheduled: 'cancelled',
    running: 'cancelled',
    paused: 'cancelled',
  },
};

const ACTIONS = Object.keys(STEPS) as CampaignAction[];
const all = ACTIONS.flatMap((action) =>
  CAMPAIGN_STATES.map((state) => ({ action, state, to: STEPS[action][state] })),
);
const step = (action: CampaignAction, state: CampaignState) =>
  stepOf(campaign(state, { pausedFrom: 'running' }), action, 'author', 'none');

it.each(all.filter(({ to }) => to !== undefined))('$action makes $state $to', ({ action, state, to }) => {
  expect(step(action, state)).toEqual({ to });
});

it.each(all.filter(({ to }) => to === undefined))('$action is refused by $state', ({ action, state }) => {
  expect(step(action, state)).toEqual({ refusal: expect.stringMatching(new RegExp(`^it is ${state}; `)) });
});

describe('with approval by a second key', () => {
  const approved = campaign('approved', { approvedBy: 'other' });

  it('the key that changed it last cannot approve it, another one can, once', () => {
    expect(stepOf(campaign('draft'), 'approve', 'author', 'second-key')).toHaveProperty('refusal');
    expect(stepOf(campaign('draft'), 'approve', 'other', 'second-key')).toEqual({ to: 'approved' });
    expect(stepOf(campaign('draft'), 'approve', 'author', 'none')).toEqual({ to: 'approved' });
    expect(stepOf({ ...approved, state: 'paused' }, 'approve', 'third', 'second-key')).toEqual({
      refusal: 'it is approved already, by other',
    });
  });

  it('starts, and goes on, only when it is approved', () => {
    expect(stepOf(campaign('draft'), 'start', 'other', 'second-key')).toHaveProperty('refusal');
    expect(stepOf(approved, 'start', 'author', 'second-key')).toEqual({ to: 'scheduled' });
    expect(stepOf(campaign('paused'), 'resume', 'other', 'second-key')).toHaveProperty('refusal');
    expect(stepOf(campaign('paused'), 'cancel', 'author', 'second-key')).toEqual({ to: 'cancelled' });
  });
});
