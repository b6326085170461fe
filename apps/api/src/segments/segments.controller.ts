import { Body, Controller, Delete, Get, HttpCode, Param, Put, Res } from '@nestjs/common';
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
import { PutSegment, SegmentList, SegmentParams, SegmentView } from './segment.dto.js';
import { SegmentsService } from './segments.service.js';

@ApiTags('audience')
@Controller('v1/segments')
export class SegmentsController {
  constructor(private readonly segments: SegmentsService) {}

  @Put(':name')
  @RequireScope('manage')
  @ApiOperation({
    summary: 'Save an expression under a name, or replace it',
    description:
      'Segments may refer to one another, but not in a circle. What refers to one means what it is at the moment.',
  })
  @ApiCreatedResponse({ type: SegmentView })
  @ApiOkResponse({ type: SegmentView, description: 'it was replaced' })
  @Failures('invalid-request', 'malformed-json', 'invalid-audience', 'audience-too-costly', 'conflict')
  async put(
    @Caller() { app }: AuthenticatedKey,
    @Param() { name }: SegmentParams,
    @Body() fields: PutSegment,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SegmentView> {
    const { view, created } = await this.segments.put(app, name, fields);
    void reply.status(created ? 201 : 200);
    return view;
  }

  @Get()
  @RequireScope('read')
  @ApiOperation({ summary: 'List all segments' })
  @ApiOkResponse({ type: SegmentList })
  async list(@Caller() { app }: AuthenticatedKey): Promise<SegmentList> {
    return { segments: await this.segments.list(app) };
  }

  @Get(':name')
  @RequireScope('read')
  @ApiOperation({ summary: 'Read a segment' })
  @ApiOkResponse({ type: SegmentView })
  @Failures('invalid-request', 'not-found')
  read(@Caller() { app }: AuthenticatedKey, @Param() { name }: SegmentParams): Promise<SegmentView> {
    return this.segments.read(app, name);
  }

  @Delete(':name')
  @HttpCode(204)
  @RequireScope('manage')
  @ApiOperation({ summary: 'Delete a segment that no other refers to' })
  @ApiNoContentResponse()
  @Failures('invalid-request', 'not-found', 'conflict')
  delete(@Caller() { app }: AuthenticatedKey, @Param() { name }: SegmentParams): Promise<void> {
    return this.segments.delete(app, name);
  }
}
