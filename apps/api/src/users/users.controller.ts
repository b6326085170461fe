import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { AuthenticatedKey } from '@carillon/auth';
import { Caller, RequireScope } from '../access/require-scope.decorator.js';
import { DevicePage } from '../devices/device.view.js';
import { Failures } from '../http/failures.decorator.js';
import { PageQuery } from '../http/page.dto.js';
import { UserParams } from './user.dto.js';
import { UsersService } from './users.service.js';

@ApiTags('users')
@Controller('v1/users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get(':id/devices')
  @RequireScope('read')
  @ApiOperation({ summary: "List a user's devices; none for a user that is not known" })
  @ApiOkResponse({ type: DevicePage })
  @Failures('invalid-request')
  devices(
    @Caller() { app }: AuthenticatedKey,
    @Param() { id }: UserParams,
    @Query() query: PageQuery,
  ): Promise<DevicePage> {
    return this.users.devicesOf(app, id, query);
  }
}
