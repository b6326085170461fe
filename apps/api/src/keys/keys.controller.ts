import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
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
import { CreatedKey, CreateKey, KeyList, KeyParams } from './key.dto.js';
import { KeysService } from './keys.service.js';

@ApiTags('keys')
@Controller('v1/keys')
@RequireScope('admin')
export class KeysController {
  constructor(private readonly keys: KeysService) {}

  @Post()
  @Idempotent()
  @ApiOperation({ summary: 'Create an API key; its text is shown once and kept hashed' })
  @ApiCreatedResponse({ type: CreatedKey })
  @Failures('invalid-request', 'malformed-json')
  create(@Caller() { app }: AuthenticatedKey, @Body() key: CreateKey): Promise<CreatedKey> {
    return this.keys.create(app, key);
  }

  @Get()
  @ApiOperation({ summary: 'List the keys, oldest first' })
  @ApiOkResponse({ type: KeyList })
  list(@Caller() { app }: AuthenticatedKey): Promise<KeyList> {
    return this.keys.list(app);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a key; every process refuses it within seconds' })
  @ApiNoContentResponse()
  @Failures('invalid-request', 'not-found', 'conflict')
  delete(@Caller() caller: AuthenticatedKey, @Param() { id }: KeyParams): Promise<void> {
    return this.keys.delete(caller, id);
  }
}
