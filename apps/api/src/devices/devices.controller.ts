import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query, Res } from '@nestjs/common';
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
import { Idempotent } from '../http/idempotent.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import { DeviceParams, PatchDevice, PositionFields, PutDevice } from './device.dto.js';
import {
  DevicePage,
  DeviceView,
  DeviceWithToken,
  PositionView,
  PresenceView,
  TokenView,
} from './device.view.js';
import { DevicesService } from './devices.service.js';
import { ExplainService } from './explain.service.js';
import { ExplainQuery, ExplanationView } from './explanation.view.js';

@ApiTags('devices')
@Controller('v1/devices')
export class DevicesController {
  constructor(
    private readonly devices: DevicesService,
    private readonly explanations: ExplainService,
  ) {}

  @Put(':id')
  @RequireScope('manage')
  @ApiOperation({
    summary: 'Create a device, or replace what is known of it',
    description:
      'What is not given is emptied. Repeating the request changes nothing more. Only the answer that creates the ' +
      'device (201) carries its token.',
  })
  @ApiCreatedResponse({
    type: DeviceWithToken,
    description: 'the device was created; its token is shown once',
  })
  @ApiOkResponse({ type: DeviceView, description: 'the device was replaced; its token stays' })
  @Failures('invalid-request', 'malformed-json', 'conflict')
  async put(
    @Caller() { app }: AuthenticatedKey,
    @Param() { id }: DeviceParams,
    @Body() fields: PutDevice,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DeviceWithToken> {
    const device = await this.devices.put(app, id, fields);
    const created = device.token !== undefined;
    void reply.status(created ? 201 : 200);
    if (created) void reply.header('location', `/v1/devices/${id}`);
    return device;
  }

  @Patch(':id')
  @RequireScope('manage')
  @ApiOperation({ summary: 'Change some of what is known of a device; null empties' })
  @ApiOkResponse({ type: DeviceView })
  @Failures('invalid-request', 'malformed-json', 'not-found')
  patch(
    @Caller() { app }: AuthenticatedKey,
    @Param() { id }: DeviceParams,
    @Body() fields: PatchDevice,
  ): Promise<DeviceView> {
    return this.devices.patch(app, id, fields);
  }

  @Get(':id')
  @RequireScope('read')
  @ApiOperation({ summary: 'Read a device' })
  @ApiOkResponse({ type: DeviceView })
  @Failures('invalid-request', 'not-found')
  read(@Caller() { app }: AuthenticatedKey, @Param() { id }: DeviceParams): Promise<DeviceView> {
    return this.devices.read(app, id);
  }

  @Get()
  @RequireScope('read')
  @ApiOperation({ summary: 'List devices, in no particular order' })
  @ApiOkResponse({ type: DevicePage })
  @Failures('invalid-request')
  page(@Caller() { app }: AuthenticatedKey, @Query() query: PageQuery): Promise<DevicePage> {
    return this.devices.page(app, query);
  }

  @Delete(':id')
  @HttpCode(204)
  @RequireScope('manage')
  @ApiOperation({
    summary: 'Delete a device',
    description: 'Deliveries that are still in its inbox are closed as `purged`; its connections are ended.',
  })
  @ApiNoContentResponse()
  @Failures('invalid-request', 'not-found')
  delete(@Caller() { app }: AuthenticatedKey, @Param() { id }: DeviceParams): Promise<void> {
    return this.devices.delete(app, id);
  }

  @Post(':id/token')
  @Idempotent()
  @HttpCode(200)
  @RequireScope('manage')
  @ApiOperation({ summary: 'Give a device a new token; connections made with the old one are ended' })
  @ApiOkResponse({ type: TokenView })
  @Failures('invalid-request', 'not-found')
  rotateToken(@Caller() { app }: AuthenticatedKey, @Param() { id }: DeviceParams): Promise<TokenView> {
    return this.devices.rotateToken(app, id);
  }

  @Delete(':id/token')
  @HttpCode(204)
  @RequireScope('manage')
  @ApiOperation({
    summary: 'Take the token of a device away, without a new one; its connections are ended',
    description: 'Its inbox is kept. `POST /v1/devices/{id}/token` lets it in again.',
  })
  @ApiNoContentResponse()
  @Failures('invalid-request', 'not-found')
  revokeToken(@Caller() { app }: AuthenticatedKey, @Param() { id }: DeviceParams): Promise<void> {
    return this.devices.revokeToken(app, id);
  }

  @Put(':id/position')
  @RequireScope('manage')
  @ApiOperation({ summary: 'Say where a device is' })
  @ApiOkResponse({ type: PositionView })
  @Failures('invalid-request', 'malformed-json', 'not-found')
  place(
    @Caller() { app }: AuthenticatedKey,
    @Param() { id }: DeviceParams,
    @Body() position: PositionFields,
  ): Promise<PositionView> {
    return this.devices.place(app, id, position);
  }

  @Get(':id/presence')
  @RequireScope('read')
  @ApiOperation({ summary: 'Whether a device is connected, and over what' })
  @ApiOkResponse({ type: PresenceView })
  @Failures('invalid-request', 'not-found')
  presence(@Caller() { app }: AuthenticatedKey, @Param() { id }: DeviceParams): Promise<PresenceView> {
    return this.devices.presence(app, id);
  }

  @Get(':id/explain')
  @RequireScope('read')
  @ApiOperation({ summary: 'Why has a notification not arrived on a device?' })
  @ApiOkResponse({ type: ExplanationView })
  @Failures('invalid-request', 'not-found')
  explain(
    @Caller() { app }: AuthenticatedKey,
    @Param() { id }: DeviceParams,
    @Query() { notification }: ExplainQuery,
  ): Promise<ExplanationView> {
    return this.explanations.explain(app, id, notification);
  }
}
