import type { Readable } from 'node:stream';
import { Controller, Delete, Get, HttpCode, Param, Post, Put, Req } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import {
  ApiBody,
  ApiConsumes,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { AuthenticatedKey } from '@carillon/auth';
import { CarillonError, type ListFormat } from '@carillon/domain';
import { STREAM_BODY } from '@carillon/process';
import type { FastifyRequest } from 'fastify';
import { Caller, RequireScope } from '../access/require-scope.decorator.js';
import { Failures } from '../http/failures.decorator.js';
import { ListParams, ListsView, ListView, UploadView } from './list.dto.js';
import { ListsService } from './lists.service.js';

const UPLOAD =
  'A row a line: NDJSON, `{"device":"phone-1"}` or `{"user":"anna"}`; or CSV (RFC 4180) with a header that has a column `device` or ' +
  '`user`. Of any size: it is read as it comes. Rows that are wrong come back with line and reason, the others are taken. A device has to be ' +
  'registered; a user may be named before it has one, and stands for the devices that it has when the list is used.';

@ApiTags('audience')
@Controller('v1/lists')
export class ListsController {
  constructor(private readonly lists: ListsService) {}

  @Put(':name')
  @RouteConfig(STREAM_BODY)
  @RequireScope('manage')
  @ApiOperation({ summary: 'Upload a list, in the place of the one of this name', description: UPLOAD })
  @ApiConsumes('application/x-ndjson', 'text/csv')
  @ApiBody({ schema: { type: 'string', example: '{"device":"phone-1"}\n{"user":"anna"}\n' } })
  @ApiOkResponse({ type: UploadView })
  @Failures('invalid-request', 'unsupported-media-type', 'conflict')
  put(
    @Caller() { app }: AuthenticatedKey,
    @Param() { name }: ListParams,
    @Req() request: FastifyRequest,
  ): Promise<UploadView> {
    return this.lists.put(app, name, formatOf(request), request.body as Readable);
  }

  @Post(':name/rows')
  @HttpCode(200)
  @RouteConfig(STREAM_BODY)
  @RequireScope('manage')
  @ApiOperation({ summary: 'Add rows to a list', description: UPLOAD })
  @ApiConsumes('application/x-ndjson', 'text/csv')
  @ApiBody({ schema: { type: 'string', example: 'user\nanna\nbert\n' } })
  @ApiOkResponse({ type: UploadView })
  @Failures('invalid-request', 'unsupported-media-type', 'not-found')
  append(
    @Caller() { app }: AuthenticatedKey,
    @Param() { name }: ListParams,
    @Req() request: FastifyRequest,
  ): Promise<UploadView> {
    return this.lists.append(app, name, formatOf(request), request.body as Readable);
  }

  @Get()
  @RequireScope('read')
  @ApiOperation({ summary: 'List the uploaded lists' })
  @ApiOkResponse({ type: ListsView })
  async all(@Caller() { app }: AuthenticatedKey): Promise<ListsView> {
    return { lists: await this.lists.all(app) };
  }

  @Get(':name')
  @RequireScope('read')
  @ApiOperation({ summary: 'How many devices and users an uploaded list names' })
  @ApiOkResponse({ type: ListView })
  @Failures('invalid-request', 'not-found')
  read(@Caller() { app }: AuthenticatedKey, @Param() { name }: ListParams): Promise<ListView> {
    return this.lists.read(app, name);
  }

  @Delete(':name')
  @HttpCode(204)
  @RequireScope('manage')
  @ApiOperation({ summary: 'Delete an uploaded list' })
  @ApiNoContentResponse()
  @Failures('invalid-request', 'not-found')
  delete(@Caller() { app }: AuthenticatedKey, @Param() { name }: ListParams): Promise<void> {
    return this.lists.delete(app, name);
  }
}

function formatOf({ headers, body }: FastifyRequest): ListFormat {
  const type = (headers['content-type'] ?? '').toLowerCase();
  const format = type.startsWith('text/csv')
    ? 'csv'
    : type.startsWith('application/x-ndjson')
      ? 'ndjson'
      : undefined;
  if (format && typeof (body as Readable | undefined)?.pipe === 'function') return format;
  throw new CarillonError('unsupported-media-type', 'send the list as application/x-ndjson or text/csv');
}
