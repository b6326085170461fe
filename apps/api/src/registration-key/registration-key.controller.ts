import { Body, Controller, Delete, Get, HttpCode, Post } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { AuthenticatedKey } from '@carillon/auth';
import { Caller, RequireScope } from '../access/require-scope.decorator.js';
import { Failures } from '../http/failures.decorator.js';
import { Idempotent } from '../http/idempotent.decorator.js';
import {
  CreatedRegistrationKey,
  RegistrationKeyView,
  RotateRegistrationKey,
} from './registration-key.dto.js';
import { RegistrationKeyService } from './registration-key.service.js';

@ApiTags('keys')
@Controller('v1/registration-key')
@RequireScope('admin')
export class RegistrationKeyController {
  constructor(private readonly keys: RegistrationKeyService) {}

  @Post()
  @Idempotent()
  @ApiOperation({
    summary: "Make the app's registration key, or a new one in its place; shown once and kept hashed",
    description: 'With it devices register themselves over XMPP (`CARILLON_XMPP_REGISTRATION=key`).',
  })
  @ApiCreatedResponse({ type: CreatedRegistrationKey })
  @Failures('invalid-request', 'malformed-json')
  rotate(
    @Caller() { app }: AuthenticatedKey,
    @Body() request: RotateRegistrationKey,
  ): Promise<CreatedRegistrationKey> {
    return this.keys.rotate(app, request);
  }

  @Get()
  @ApiOperation({ summary: "Read which registration key the app has, without the key's text" })
  @ApiOkResponse({ type: RegistrationKeyView })
  @Failures('not-found')
  read(@Caller() { app }: AuthenticatedKey): Promise<RegistrationKeyView> {
    return this.keys.read(app);
  }

  @Delete()
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete the registration key, and the one before it: nobody can register by a key',
  })
  @ApiNoContentResponse()
  @Failures('not-found')
  delete(@Caller() { app }: AuthenticatedKey): Promise<void> {
    return this.keys.delete(app);
  }
}
