import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { AuthenticatedKey } from '@carillon/auth';
import { Caller, RequireScope } from '../access/require-scope.decorator.js';
import { Failures } from '../http/failures.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import { CampaignParams } from './campaign.dto.js';
import { CampaignPreviewService } from './campaign-preview.service.js';
import { CampaignPreview, RunPage } from './run.view.js';
import { RunsService } from './runs.service.js';

/** What a campaign would do, and what it has done. */
@ApiTags('campaigns')
@Controller('v1/campaigns/:id')
export class CampaignRunsController {
  constructor(
    private readonly runs: RunsService,
    private readonly previews: CampaignPreviewService,
  ) {}

  @Get('preview')
  @RequireScope('read')
  @ApiOperation({
    summary: 'What a campaign would do',
    description: 'How many devices it means now, ten of them, its next ten times, and what they would get.',
  })
  @ApiOkResponse({ type: CampaignPreview })
  @Failures('invalid-request', 'not-found')
  preview(@Caller() { app }: AuthenticatedKey, @Param() { id }: CampaignParams): Promise<CampaignPreview> {
    return this.previews.preview(app, id);
  }

  @Get('runs')
  @RequireScope('read')
  @ApiOperation({ summary: 'The times at which a campaign was sent, with what became of it' })
  @ApiOkResponse({ type: RunPage })
  @Failures('invalid-request', 'not-found')
  page(
    @Caller() { app }: AuthenticatedKey,
    @Param() { id }: CampaignParams,
    @Query() query: PageQuery,
  ): Promise<RunPage> {
    return this.runs.page(app, id, query);
  }
}
