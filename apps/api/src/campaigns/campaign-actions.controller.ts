import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { AuthenticatedKey } from '@carillon/auth';
import { Caller, RequireScope } from '../access/require-scope.decorator.js';
import { Failures } from '../http/failures.decorator.js';
import { Idempotent } from '../http/idempotent.decorator.js';
import { CampaignParams, ChooseWinner } from './campaign.dto.js';
import { CampaignView } from './campaign.view.js';
import { CampaignsService } from './campaigns.service.js';

/** What moves a campaign from state to state. */
@ApiTags('campaigns')
@Controller('v1/campaigns/:id')
export class CampaignActionsController {
  constructor(private readonly campaigns: CampaignsService) {}

  @Post('approve')
  @Idempotent()
  @HttpCode(200)
  @RequireScope('manage')
  @ApiOperation({
    summary: 'Approve a campaign as it is',
    description:
      'With `CARILLON_CAMPAIGN_APPROVAL=second-key` by another key than the one that changed it last.',
  })
  @ApiOkResponse({ type: CampaignView })
  @Failures('invalid-request', 'not-found', 'conflict')
  approve(@Caller() key: AuthenticatedKey, @Param() { id }: CampaignParams): Promise<CampaignView> {
    return this.campaigns.act(key, id, 'approve');
  }

  @Post('start')
  @Idempotent()
  @HttpCode(200)
  @RequireScope('send')
  @ApiOperation({ summary: 'Let a campaign run as its schedule says, or at once without one' })
  @ApiOkResponse({ type: CampaignView })
  @Failures('invalid-request', 'not-found', 'conflict', 'time-in-past')
  start(@Caller() key: AuthenticatedKey, @Param() { id }: CampaignParams): Promise<CampaignView> {
    return this.campaigns.act(key, id, 'start');
  }

  @Post('pause')
  @Idempotent()
  @HttpCode(200)
  @RequireScope('send')
  @ApiOperation({
    summary: 'Pause a campaign and its runs',
    description: 'Takes effect within a second. What a device has got stays with it.',
  })
  @ApiOkResponse({ type: CampaignView })
  @Failures('invalid-request', 'not-found', 'conflict')
  pause(@Caller() key: AuthenticatedKey, @Param() { id }: CampaignParams): Promise<CampaignView> {
    return this.campaigns.act(key, id, 'pause');
  }

  @Post('resume')
  @Idempotent()
  @HttpCode(200)
  @RequireScope('send')
  @ApiOperation({
    summary: 'Let a paused campaign go on where it stopped',
    description: 'Of runs whose time came meanwhile the schedule says what becomes of them (`missed`).',
  })
  @ApiOkResponse({ type: CampaignView })
  @Failures('invalid-request', 'not-found', 'conflict')
  resume(@Caller() key: AuthenticatedKey, @Param() { id }: CampaignParams): Promise<CampaignView> {
    return this.campaigns.act(key, id, 'resume');
  }

  @Post('cancel')
  @Idempotent()
  @HttpCode(200)
  @RequireScope('send')
  @ApiOperation({ summary: 'End a campaign: runs at work stop, none follows' })
  @ApiOkResponse({ type: CampaignView })
  @Failures('invalid-request', 'not-found', 'conflict')
  cancel(@Caller() key: AuthenticatedKey, @Param() { id }: CampaignParams): Promise<CampaignView> {
    return this.campaigns.act(key, id, 'cancel');
  }

  @Post('winner')
  @Idempotent()
  @HttpCode(200)
  @RequireScope('send')
  @ApiOperation({
    summary: 'Choose the variant that wins',
    description: 'The rest of the audience gets it now, and everybody in runs to come.',
  })
  @ApiOkResponse({ type: CampaignView })
  @Failures('invalid-request', 'malformed-json', 'not-found', 'conflict')
  winner(
    @Caller() key: AuthenticatedKey,
    @Param() { id }: CampaignParams,
    @Body() { variant }: ChooseWinner,
  ): Promise<CampaignView> {
    return this.campaigns.choose(key, id, variant);
  }
}
