import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query, Res } from '@nestjs/common';
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
import { GeofencePage, GeofenceParams, GeofenceView, PutGeofence } from './geofence.dto.js';
import { GeofencesService } from './geofences.service.js';

@ApiTags('geofences')
@Controller('v1/geofences')
export class GeofencesController {
  constructor(private readonly geofences: GeofencesService) {}

  @Put(':id')
  @RequireScope('manage')
  @ApiOperation({
    summary: 'Create a geofence, or replace it',
    description:
      'A device that comes, goes or stays (`triggers`) is sent the notification, once a trigger and visit. Workers know of a change ' +
      'within a second. A device that is inside when the fence is made has entered with its next position.',
  })
  @ApiCreatedResponse({ type: GeofenceView })
  @ApiOkResponse({ type: GeofenceView, description: 'it was replaced' })
  @Failures('invalid-request', 'malformed-json', 'conflict', 'payload-too-large')
  async put(
    @Caller() { app }: AuthenticatedKey,
    @Param() { id }: GeofenceParams,
    @Body() fields: PutGeofence,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<GeofenceView> {
    const { view, created } = await this.geofences.put(app, id, fields);
    void reply.status(created ? 201 : 200);
    return view;
  }

  @Get()
  @RequireScope('read')
  @ApiOperation({ summary: 'List geofences' })
  @ApiOkResponse({ type: GeofencePage })
  @Failures('invalid-request')
  page(@Caller() { app }: AuthenticatedKey, @Query() query: PageQuery): Promise<GeofencePage> {
    return this.geofences.page(app, query);
  }

  @Get(':id')
  @RequireScope('read')
  @ApiOperation({ summary: 'Read a geofence' })
  @ApiOkResponse({ type: GeofenceView })
  @Failures('invalid-request', 'not-found')
  read(@Caller() { app }: AuthenticatedKey, @Param() { id }: GeofenceParams): Promise<GeofenceView> {
    return this.geofences.read(app, id);
  }

  @Delete(':id')
  @HttpCode(204)
  @RequireScope('manage')
  @ApiOperation({ summary: 'Delete a geofence; devices that are in it are sent nothing' })
  @ApiNoContentResponse()
  @Failures('invalid-request', 'not-found')
  delete(@Caller() { app }: AuthenticatedKey, @Param() { id }: GeofenceParams): Promise<void> {
    return this.geofences.delete(app, id);
  }
}
