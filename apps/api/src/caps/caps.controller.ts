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
import { CapList, CapParams, CapView, PutCap } from './cap.dto.js';
import { CapsService } from './caps.service.js';

@ApiTags('caps')
@Controller('v1/caps')
export class CapsController {
  constructor(private readonly caps: CapsService) {}

  @Put(':category')
  @RequireScope('manage')
  @ApiOperation({
    summary: 'Cap how often a user is notified',
    description:
      'Of a category, or `overall`. Workers know of a change within a second. What is held back is a receipt (`suppressed`, `cap CATEGORY`); ' +
      '`critical` notifications and messages to programs are neither held back nor counted.',
  })
  @ApiCreatedResponse({ type: CapView })
  @ApiOkResponse({ type: CapView, description: 'it was replaced' })
  @Failures('invalid-request', 'malformed-json', 'conflict')
  async put(
    @Caller() { app }: AuthenticatedKey,
    @Param() { category }: CapParams,
    @Body() fields: PutCap,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CapView> {
    const { view, created } = await this.caps.put(app, category, fields);
    void reply.status(created ? 201 : 200);
    return view;
  }

  @Get()
  @RequireScope('read')
  @ApiOperation({ summary: 'List caps' })
  @ApiOkResponse({ type: CapList })
  async list(@Caller() { app }: AuthenticatedKey): Promise<CapList> {
    return { caps: await this.caps.list(app) };
  }

  @Get(':category')
  @RequireScope('read')
  @ApiOperation({ summary: 'Read a cap' })
  @ApiOkResponse({ type: CapView })
  @Failures('invalid-request', 'not-found')
  read(@Caller() { app }: AuthenticatedKey, @Param() { category }: CapParams): Promise<CapView> {
    return this.caps.read(app, category);
  }

  @Delete(':category')
  @HttpCode(204)
  @RequireScope('manage')
  @ApiOperation({ summary: 'Lift a cap' })
  @ApiNoContentResponse()
  @Failures('invalid-request', 'not-found')
  delete(@Caller() { app }: AuthenticatedKey, @Param() { category }: CapParams): Promise<void> {
    return this.caps.delete(app, category);
  }
}
