import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { AuthenticatedKey } from '@carillon/auth';
import { Caller, RequireScope } from '../access/require-scope.decorator.js';
import { Failures } from '../http/failures.decorator.js';
import { Idempotent } from '../http/idempotent.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import {
  AddedMembers,
  AddMembers,
  DeviceMemberParams,
  GroupParams,
  GroupView,
  MemberPage,
  UserMemberParams,
} from './group.dto.js';
import { GroupsService } from './groups.service.js';

@ApiTags('groups')
@Controller('v1/groups')
export class GroupsController {
  constructor(private readonly groups: GroupsService) {}

  @Get(':id')
  @RequireScope('read')
  @ApiOperation({ summary: 'Read a group; it is there as long as it has members' })
  @ApiOkResponse({ type: GroupView })
  @Failures('invalid-request', 'not-found')
  read(@Caller() { app }: AuthenticatedKey, @Param() { id }: GroupParams): Promise<GroupView> {
    return this.groups.read(app, id);
  }

  @Delete(':id')
  @HttpCode(204)
  @RequireScope('manage')
  @ApiOperation({ summary: 'Delete a group: every member leaves it' })
  @ApiNoContentResponse()
  @Failures('invalid-request', 'not-found')
  delete(@Caller() { app }: AuthenticatedKey, @Param() { id }: GroupParams): Promise<void> {
    return this.groups.delete(app, id);
  }

  @Get(':id/members')
  @RequireScope('read')
  @ApiOperation({ summary: "List a group's members" })
  @ApiOkResponse({ type: MemberPage })
  @Failures('invalid-request')
  members(
    @Caller() { app }: AuthenticatedKey,
    @Param() { id }: GroupParams,
    @Query() query: PageQuery,
  ): Promise<MemberPage> {
    return this.groups.members(app, id, query);
  }

  @Post(':id/members')
  @Idempotent()
  @HttpCode(200)
  @RequireScope('manage')
  @ApiOperation({
    summary: 'Add many members',
    description:
      'A user may be named before it has a device; a device must exist. Adding again changes nothing.',
  })
  @ApiOkResponse({ type: AddedMembers })
  @Failures('invalid-request', 'malformed-json')
  addMany(
    @Caller() { app }: AuthenticatedKey,
    @Param() { id }: GroupParams,
    @Body() members: AddMembers,
  ): Promise<AddedMembers> {
    return this.groups.addMany(app, id, members);
  }

  @Put(':id/members/users/:user')
  @HttpCode(204)
  @RequireScope('manage')
  @ApiOperation({ summary: 'Add a user, with all devices that it has and will have' })
  @ApiNoContentResponse()
  @Failures('invalid-request')
  addUser(@Caller() { app }: AuthenticatedKey, @Param() { id, user }: UserMemberParams): Promise<void> {
    return this.groups.add(app, id, { user });
  }

  @Delete(':id/members/users/:user')
  @HttpCode(204)
  @RequireScope('manage')
  @ApiOperation({ summary: 'Remove a user' })
  @ApiNoContentResponse()
  @Failures('invalid-request', 'not-found')
  removeUser(@Caller() { app }: AuthenticatedKey, @Param() { id, user }: UserMemberParams): Promise<void> {
    return this.groups.remove(app, id, { user });
  }

  @Put(':id/members/devices/:device')
  @HttpCode(204)
  @RequireScope('manage')
  @ApiOperation({ summary: 'Add a device' })
  @ApiNoContentResponse()
  @Failures('invalid-request', 'not-found')
  addDevice(@Caller() { app }: AuthenticatedKey, @Param() { id, device }: DeviceMemberParams): Promise<void> {
    return this.groups.add(app, id, { device });
  }

  @Delete(':id/members/devices/:device')
  @HttpCode(204)
  @RequireScope('manage')
  @ApiOperation({ summary: 'Remove a device' })
  @ApiNoContentResponse()
  @Failures('invalid-request', 'not-found')
  removeDevice(
    @Caller() { app }: AuthenticatedKey,
    @Param() { id, device }: DeviceMemberParams,
  ): Promise<void> {
    return this.groups.remove(app, id, { device });
  }
}
