import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { AuthenticatedKey } from '@carillon/auth';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Caller, RequireScope } from '../access/require-scope.decorator.js';
import { Failures } from '../http/failures.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import { CampaignParams } from './campaign.dto.js';
import { CampaignPreviewService } from './campaign-preview.service.js';
import { CampaignPreview, RunPage } from './run.view.js';
import { CampaignView } from './campaign.view.js';
import { csvOf } from './report.js';
import { ReportService } from './report.service.js';
import { CampaignReport, ReportQuery } from './report.view.js';
import { RunsService } from './runs.service.js';

/** What a campaign would do, and what it has done. */
@ApiTags('campaigns')
@Controller('v1/campaigns/:id')
export class CampaignRunsController {
  constructor(
    private readonly runs: RunsService,
    private readonly previews: CampaignPreviewService,
    private readonly reports: ReportService,
  ) {}

  @Get()
  @RequireScope('read')
  @ApiOperation({ summary: 'Read a campaign, with how far its runs at work have come' })
  @ApiOkResponse({ type: CampaignView })
  @Failures('invalid-request', 'not-found')
  read(@Caller() { app }: AuthenticatedKey, @Param() { id }: CampaignParams): Promise<CampaignView> {
    return this.reports.read(app, id);
  }

  @Get('report')
  @RequireScope('read')
  @ApiOperation({
    summary: 'What has become of a campaign',
    description:
      'As JSON, or as CSV (`format=csv` or `Accept: text/csv`) with a row for each notification of a run.',
  })
  @ApiProduces('application/json', 'text/csv')
  @ApiOkResponse({ type: CampaignReport })
  @Failures('invalid-request', 'not-found')
  async report(
    @Caller() { app }: AuthenticatedKey,
    @Param() { id }: CampaignParams,
    @Query() { format }: ReportQuery,
    @Req() { headers }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CampaignReport | string> {
    const report = await this.reports.report(app, id);
    const wantsCsv = format ? format === 'csv' : /\btext\/csv\b/i.test(headers.accept ?? '');
    if (!wantsCsv) return report;
    void reply.header('content-type', 'text/csv; charset=utf-8; header=present');
    return csvOf(report);
  }

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
