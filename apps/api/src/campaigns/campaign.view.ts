import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  type Audience,
  type Campaign,
  CAMPAIGN_STATES,
  type CampaignChange,
  type CampaignState,
  formatInstant,
  printAudience,
} from '@carillon/domain';
import { PutCampaign } from './campaign.dto.js';
import { CampaignProgress } from './report.view.js';

export class CampaignView extends PutCampaign {
  @ApiProperty({ example: '01jd8r2m6w3v5q9t7x4c2b1n0k' })
  id!: string;

  @ApiProperty({ enum: CAMPAIGN_STATES })
  state!: CampaignState;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { group: ['vip'] } })
  declare audience: Audience;

  @ApiProperty({ description: 'the audience as a text', example: 'group:vip' })
  audienceText!: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ description: 'id of the API key', example: '0b1c2d3e4f5a6b7c' })
  createdBy!: string;

  @ApiProperty({ format: 'date-time' })
  editedAt!: string;

  @ApiProperty({ description: 'id of the API key that changed it last' })
  editedBy!: string;

  @ApiPropertyOptional({ description: 'id of the API key that approved it as it is now' })
  approvedBy?: string;

  @ApiPropertyOptional({ format: 'date-time' })
  startedAt?: string;

  @ApiPropertyOptional({ description: 'why it paused itself' })
  reason?: string;

  @ApiPropertyOptional({ description: 'the name of the variant that won' })
  chosen?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'when it runs next; absent where it does not' })
  nextRunAt?: string;

  @ApiPropertyOptional({
    type: CampaignProgress,
    description: 'of its runs at work; where a single campaign is read',
  })
  progress?: CampaignProgress;
}

export class CampaignPage {
  @ApiProperty({ type: [CampaignView], description: 'newest first' })
  campaigns!: CampaignView[];

  @ApiPropertyOptional({ description: 'the cursor of the next page; absent on the last' })
  next?: string;
}

export class CampaignChangeView {
  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ description: 'id of the API key, or `carillon` for the gateway itself' })
  by!: string;

  @ApiProperty({
    enum: ['create', 'edit', 'approve', 'start', 'run', 'pause', 'resume', 'cancel', 'winner', 'finish'],
  })
  action!: CampaignChange['action'];

  @ApiProperty({ enum: CAMPAIGN_STATES, description: 'its state then' })
  state!: CampaignState;

  @ApiPropertyOptional()
  detail?: string;
}

export class CampaignChanges {
  @ApiProperty({ type: [CampaignChangeView], description: 'newest first; the last 1,000' })
  changes!: CampaignChangeView[];
}

/** A view or request as a plain object. */
export type FieldsOf<T> = Pick<T, keyof T>;

/** @param nextRunAt ms since 1970 */
export function campaignView(campaign: Campaign, nextRunAt: number | undefined): FieldsOf<CampaignView> {
  const { id, state, plan, given, createdAt, createdBy, editedAt, editedBy } = campaign;
  const { approvedBy, startedAt, reason, winner } = campaign;
  return {
    ...(given as unknown as FieldsOf<PutCampaign>),
    id,
    state,
    audience: plan.audience,
    audienceText: printAudience(plan.audience),
    createdAt: formatInstant(createdAt),
    createdBy,
    editedAt: formatInstant(editedAt),
    editedBy,
    ...(approvedBy !== undefined && { approvedBy }),
    ...(startedAt !== undefined && { startedAt: formatInstant(startedAt) }),
    ...(reason !== undefined && { reason }),
    ...(winner !== undefined && { chosen: winner }),
    ...(nextRunAt !== undefined && { nextRunAt: formatInstant(nextRunAt) }),
  };
}

export const changeView = (change: CampaignChange): CampaignChangeView => ({
  ...change,
  at: formatInstant(change.at),
});
