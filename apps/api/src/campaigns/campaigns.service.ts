import { Inject, Injectable } from '@nestjs/common';
import type { AuthenticatedKey } from '@carillon/auth';
import {
  type ApprovalPolicy,
  type Campaign,
  type CampaignAction,
  CarillonError,
  isAtWork,
  isEditable,
  isOver,
  stepOf,
  upcoming,
} from '@carillon/domain';
import { RedisCampaigns } from '@carillon/persistence';
import { invalidRequest } from '@carillon/process';
import type { PageQuery } from '../http/page.dto.js';
import type { PutCampaign } from './campaign.dto.js';
import { EFFECTS, replan } from './campaign-effects.js';
import { CampaignPlans } from './campaign-plan.js';
import {
  type CampaignChanges,
  type CampaignPage,
  type CampaignView,
  campaignView,
  changeView,
  type FieldsOf,
} from './campaign.view.js';

export const APPROVAL_POLICY = Symbol('approval policy');

@Injectable()
export class CampaignsService {
  constructor(
    private readonly campaigns: RedisCampaigns,
    private readonly plans: CampaignPlans,
    @Inject(APPROVAL_POLICY) private readonly approval: ApprovalPolicy,
  ) {}

  async create({ app, id: by }: AuthenticatedKey, fields: PutCampaign): Promise<CampaignView> {
    const now = Date.now();
    const plan = await this.plans.plan(app, fields, now);
    const id = this.campaigns.newId(now);
    const made = { app, state: 'draft', plan, given: givenOf(fields), open: [] } as const;
    const edited = { createdAt: now, createdBy: by, editedAt: now, editedBy: by };
    await this.campaigns.create(
      id,
      { ...made, ...edited },
      { at: now, by, action: 'create', state: 'draft' },
      now,
    );
    return this.read(app, id);
  }

  async read(app: string, id: string): Promise<CampaignView> {
    return viewOf(await this.find(app, id));
  }

  /** The app's own; another app's is not there. */
  async find(app: string, id: string): Promise<Campaign> {
    const campaign = await this.campaigns.find(id);
    if (campaign?.app !== app) throw noSuchCampaign(id);
    return campaign;
  }

  /** The cursor is the last id of the page before. */
  async page(app: string, { cursor, limit }: PageQuery): Promise<CampaignPage> {
    const found = await this.campaigns.page(app, cursor, limit + 1);
    const page = found.slice(0, limit);
    return { campaigns: page.map(viewOf), ...(found.length > limit && { next: page.at(-1)!.id }) };
  }

  replace(key: AuthenticatedKey, id: string, fields: PutCampaign): Promise<CampaignView> {
    return this.edit(key, id, () => Promise.resolve(fields));
  }

  /** Members that are given take the place of those before, null takes one away. */
  patch(key: AuthenticatedKey, id: string, body: Readonly<Record<string, unknown>>): Promise<CampaignView> {
    return this.edit(key, id, ({ given }) => this.plans.fields({ ...given, ...body }));
  }

  private async edit(
    { app, id: by }: AuthenticatedKey,
    id: string,
    fieldsOf: (campaign: Campaign) => Promise<PutCampaign>,
  ): Promise<CampaignView> {
    const now = Date.now();
    await this.find(app, id);
    await this.campaigns.change(id, now, async (campaign) => {
      if (!isEditable(campaign))
        throw new CarillonError('conflict', `campaign ${id} is ${campaign.state}: pause it to change it`);
      const fields = await fieldsOf(campaign);
      const plan = await this.plans.plan(app, fields, now);
      // What was approved was another campaign.
      const state = campaign.state === 'approved' ? 'draft' : campaign.state;
      const edited = { given: givenOf(fields), state, editedAt: now, editedBy: by, approvedBy: undefined };
      return {
        fields: { ...replan(campaign, plan, now), ...edited },
        change: { at: now, by, action: 'edit', state },
      };
    });
    return this.read(app, id);
  }

  /** One that is at work is cancelled first. */
  async delete(app: string, id: string): Promise<void> {
    for (;;) {
      const campaign = await this.find(app, id);
      const { state } = campaign;
      if (state !== 'draft' && state !== 'approved' && !isOver(campaign))
        throw new CarillonError('conflict', `campaign ${id} is ${state}: cancel it first`);
      if (await this.campaigns.delete(campaign)) return;
    }
  }

  async changes(app: string, id: string): Promise<CampaignChanges> {
    await this.find(app, id);
    return { changes: (await this.campaigns.changes(id)).map(changeView) };
  }

  async act({ app, id: by }: AuthenticatedKey, id: string, action: CampaignAction): Promise<CampaignView> {
    const now = Date.now();
    await this.find(app, id);
    await this.campaigns.change(id, now, (campaign) => {
      const step = stepOf(campaign, action, by, this.approval);
      if ('refusal' in step)
        throw new CarillonError('conflict', `campaign ${id}: ${step.refusal}`, {
          extensions: { campaignState: campaign.state },
        });
      const { fields, ...effects } = EFFECTS[action](campaign, now, by);
      const change = { at: now, by, action, state: step.to } as const;
      return { ...effects, fields: { ...fields, state: step.to }, change };
    });
    return this.read(app, id);
  }

  /** From then on all get that variant: the rest of runs that wait for it, and runs to come. */
  async choose({ app, id: by }: AuthenticatedKey, id: string, variant: string): Promise<CampaignView> {
    const now = Date.now();
    await this.find(app, id);
    await this.campaigns.change(id, now, (campaign) => {
      const names = campaign.plan.variants.map(({ name }) => name);
      if (!names.includes(variant))
        throw invalidRequest([{ pointer: '/variant', detail: `must be one of: ${names.join(', ')}` }]);
      if (isOver(campaign)) throw new CarillonError('conflict', `campaign ${id} is ${campaign.state}`);
      return {
        fields: { winner: variant },
        change: { at: now, by, action: 'winner', state: campaign.state, detail: variant },
        ...(isAtWork(campaign) && { lookAt: now }),
      };
    });
    return this.read(app, id);
  }
}

/** The request as it can be read again. */
function givenOf(fields: PutCampaign): Record<string, unknown> {
  const json = JSON.parse(JSON.stringify(fields)) as Record<string, unknown>;
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null));
}

export function viewOf(campaign: Campaign): FieldsOf<CampaignView> {
  if (!isAtWork(campaign)) return campaignView(campaign, undefined);
  const { nextAt = upcoming(campaign, campaign.plannedTo ?? 0, 1)[0]?.opensAt ?? Infinity } = campaign;
  return campaignView(campaign, Number.isFinite(nextAt) ? nextAt : undefined);
}

export const noSuchCampaign = (id: string): CarillonError =>
  new CarillonError('not-found', `there is no campaign ${id}`);
