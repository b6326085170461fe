import { Body, Controller, Delete, Get, HttpCode, Param, Put, Res } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { RequireScope } from '../access/require-scope.decorator.js';
import { Failures } from '../http/failures.decorator.js';
import { CreatedMqttUser, MqttUserList, MqttUserParams, MqttUserView, PutMqttUser } from './mqtt-user.dto.js';
import { MqttUsersService } from './mqtt-users.service.js';

/** Topics know no apps: whoever grants them decides for the whole installation. */
@ApiTags('mqtt users')
@Controller('v1/mqtt/users')
@RequireScope('admin')
export class MqttUsersController {
  constructor(private readonly users: MqttUsersService) {}

  @Put(':name')
  @ApiOperation({
    summary: 'Create an MQTT user, or replace what is known of it',
    description:
      'Rules that are not given are none. A password that is not given stays; connections of a user whose password changes are ended, ' +
      'new rules hold at once for those that stand.',
  })
  @ApiCreatedResponse({ type: CreatedMqttUser, description: 'the user was created' })
  @ApiOkResponse({ type: MqttUserView, description: 'the user was replaced' })
  @Failures('invalid-request', 'malformed-json', 'conflict')
  async put(
    @Param() { name }: MqttUserParams,
    @Body() fields: PutMqttUser,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CreatedMqttUser> {
    const { created, user } = await this.users.put(name, fields);
    void reply.status(created ? 201 : 200);
    if (created) void reply.header('location', `/v1/mqtt/users/${encodeURIComponent(name)}`);
    return user;
  }

  @Get()
  @ApiOperation({ summary: 'List the MQTT users by name' })
  @ApiOkResponse({ type: MqttUserList })
  list(): Promise<MqttUserList> {
    return this.users.list();
  }

  @Get(':name')
  @ApiOperation({ summary: 'Read an MQTT user' })
  @ApiOkResponse({ type: MqttUserView })
  @Failures('invalid-request', 'not-found')
  read(@Param() { name }: MqttUserParams): Promise<MqttUserView> {
    return this.users.read(name);
  }

  @Delete(':name')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete an MQTT user; its connections are ended' })
  @ApiNoContentResponse()
  @Failures('invalid-request', 'not-found')
  delete(@Param() { name }: MqttUserParams): Promise<void> {
    return this.users.delete(name);
  }
}
