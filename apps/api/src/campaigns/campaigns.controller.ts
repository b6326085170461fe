import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { AuthenticatedKey } from '@carillon/auth';
import type { FastifyReply } from 'fastify';
import { Caller, RequireScope } from '../access/require-scope.decorator.js';
import { Failures } from '../http/failures.decorator.js';
import { Idempotent } from '../http/idempotent.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import { CampaignParams, PutCampaign } from './campaign.dto.js';
import { CampaignChanges, CampaignPage, CampaignView } from './campaign.view.js';
import { CampaignsService } from './campaigns.service.js';

const REFUSALS = [
  'invalid-request',
  'malformed-json',
  'invalid-audience',
  'audience-too-costly',
  'invalid-schedule',
  'payload-too-large',
] as const;

@ApiTags('campaigns')
@Controller('v1/campaigns')
export class CampaignsController {
  constructor(private readonly campaigns: CampaignsService) {}

  @Post()
  @Idempotent()
  @RequireScope('manage')
  @ApiOperation({ summary: 'Create a campaign, as a draft' })
  @ApiCreatedResponse({ type: CampaignView })
  @Failures(...REFUSALS)
  async create(
    @Caller() key: AuthenticatedKey,
    @Body() fields: PutCampaign,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CampaignView> {
    const view = await this.campaigns.create(key, fields);
    void reply.header('location', `/v1/campaigns/${view.id}`);
    return view;
  }

  @Get()
  @RequireScope('read')
  @ApiOperation({ summary: 'List campaigns, newest first' })
  @ApiOkResponse({ type: CampaignPage })
  @Failures('invalid-request')
  page(@Caller() { app }: AuthenticatedKey, @Query() query: PageQuery): Promise<CampaignPage> {
    return this.campaigns.page(app, query);
  }

  @Get(':id/changes')
  @RequireScope('read')
  @ApiOperation({ summary: 'Who did what to a campaign, and when' })
  @ApiOkResponse({ type: CampaignChanges })
  @Failures('invalid-request', 'not-found')
  changes(@Caller() { app }: AuthenticatedKey, @Param() { id }: CampaignParams): Promise<CampaignChanges> {
    return this.campaigns.changes(app, id);
  }

  @Put(':id')
  @RequireScope('manage')
  @ApiOperation({
    summary: 'Replace a campaign that is a draft, approved or paused',
    description: 'An approval is gone with the change. Runs that have begun keep their message.',
  })
  @ApiOkResponse({ type: CampaignView })
  @Failures(...REFUSALS, 'not-found', 'conflict')
  replace(
    @Caller() key: AuthenticatedKey,
    @Param() { id }: CampaignParams,
    @Body() fields: PutCampaign,
  ): Promise<CampaignView> {
    return this.campaigns.replace(key, id, fields);
  }

  @Patch(':id')
  @RequireScope('manage')
  @ApiOperation({
    summary: 'Change members of a campaign that is a draft, approved or paused',
    description: 'A member that is given takes the place of the one before, null takes it away.',
  })
  @ApiBody({ type: PutCampaign })
  @ApiOkResponse({ type: CampaignView })
  @Failures(...REFUSALS, 'not-found', 'conflict')
  patch(
    @Caller() key: AuthenticatedKey,
    @Param() { id }: CampaignParams,
    @Body() fields: Record<string, unknown>,
  ): Promise<CampaignView> {
    return this.campaigns.patch(key, id, fields);
  }

  @Delete(':id')
  @HttpCode(204)
  @RequireScope('manage')
  @ApiOperation({ summary: 'Delete a campaign that is a draft, or over' })
  @ApiNoContentResponse()
  @Failures('invalid-request', 'not-found', 'conflict')
  delete(@Caller() { app }: AuthenticatedKey, @Param() { id }: CampaignParams): Promise<void> {
    return this.campaigns.delete(app, id);
  }
}
