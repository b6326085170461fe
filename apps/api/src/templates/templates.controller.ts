import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Res } from '@nestjs/common';
import {
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
import { PageQuery } from '../http/page.dto.js';
import {
  PreviewTemplate,
  PutTemplate,
  TemplatePage,
  TemplateParams,
  TemplatePreview,
  TemplateView,
} from './template.dto.js';
import { TemplatesService } from './templates.service.js';

@ApiTags('templates')
@Controller('v1/templates')
export class TemplatesController {
  constructor(private readonly templates: TemplatesService) {}

  @Put(':id')
  @RequireScope('manage')
  @ApiOperation({
    summary: 'Save a template, or replace it',
    description:
      'Every fault of its texts is told with line and column. What was sent from it before stays as it was sent.',
  })
  @ApiCreatedResponse({ type: TemplateView })
  @ApiOkResponse({ type: TemplateView, description: 'it was replaced' })
  @Failures('invalid-request', 'malformed-json', 'conflict', 'payload-too-large')
  async put(
    @Caller() { app }: AuthenticatedKey,
    @Param() { id }: TemplateParams,
    @Body() fields: PutTemplate,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TemplateView> {
    const { view, created } = await this.templates.put(app, id, fields);
    void reply.status(created ? 201 : 200);
    return view;
  }

  @Get()
  @RequireScope('read')
  @ApiOperation({ summary: 'List templates' })
  @ApiOkResponse({ type: TemplatePage })
  @Failures('invalid-request')
  page(@Caller() { app }: AuthenticatedKey, @Query() query: PageQuery): Promise<TemplatePage> {
    return this.templates.page(app, query);
  }

  @Get(':id')
  @RequireScope('read')
  @ApiOperation({ summary: 'Read a template' })
  @ApiOkResponse({ type: TemplateView })
  @Failures('invalid-request', 'not-found')
  read(@Caller() { app }: AuthenticatedKey, @Param() { id }: TemplateParams): Promise<TemplateView> {
    return this.templates.read(app, id);
  }

  @Delete(':id')
  @HttpCode(204)
  @RequireScope('manage')
  @ApiOperation({ summary: 'Delete a template; what was sent from it is not touched' })
  @ApiNoContentResponse()
  @Failures('invalid-request', 'not-found')
  delete(@Caller() { app }: AuthenticatedKey, @Param() { id }: TemplateParams): Promise<void> {
    return this.templates.delete(app, id);
  }

  @Post(':id/preview')
  @HttpCode(200)
  @RequireScope('read')
  @ApiOperation({
    summary: 'Show what a template says',
    description: 'To devices, or in every language that it has. Sends nothing.',
  })
  @ApiOkResponse({ type: TemplatePreview })
  @Failures('invalid-request', 'malformed-json', 'not-found')
  preview(
    @Caller() { app }: AuthenticatedKey,
    @Param() { id }: TemplateParams,
    @Body() request: PreviewTemplate,
  ): Promise<TemplatePreview> {
    return this.templates.preview(app, id, request);
  }
}
