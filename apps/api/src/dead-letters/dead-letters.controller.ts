import { Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { AuthenticatedKey } from '@carillon/auth';
import { CarillonError, DEFAULT_APP } from '@carillon/domain';
import { Caller, RequireScope } from '../access/require-scope.decorator.js';
import { Failures } from '../http/failures.decorator.js';
import { Idempotent } from '../http/idempotent.decorator.js';
import { DeadLetterList, DeadLetterParams, DeadLetterQuery, DeadLetterView } from './dead-letter.dto.js';
import { DeadLettersService } from './dead-letters.service.js';

/** Work that kept failing. The streams are the installation's, not an app's. */
@ApiTags('dead letters')
@Controller('v1/dead-letters')
@RequireScope('admin')
export class DeadLettersController {
  constructor(private readonly deadLetters: DeadLettersService) {}

  @Get()
  @ApiOperation({ summary: 'List work that kept failing, oldest first' })
  @ApiOkResponse({ type: DeadLetterList })
  @Failures('invalid-request')
  list(
    @Caller() caller: AuthenticatedKey,
    @Query() { stream, limit }: DeadLetterQuery,
  ): Promise<DeadLetterList> {
    requireOperator(caller);
    return this.deadLetters.list(stream, limit);
  }

  @Get(':stream/:id')
  @ApiOperation({ summary: 'Read one, with the reason why it failed' })
  @ApiOkResponse({ type: DeadLetterView })
  @Failures('invalid-request', 'not-found')
  read(
    @Caller() caller: AuthenticatedKey,
    @Param() { stream, id }: DeadLetterParams,
  ): Promise<DeadLetterView> {
    requireOperator(caller);
    return this.deadLetters.read(stream, id);
  }

  @Delete(':stream/:id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Discard one: the work is not done any more' })
  @ApiNoContentResponse()
  @Failures('invalid-request', 'not-found')
  discard(@Caller() caller: AuthenticatedKey, @Param() { stream, id }: DeadLetterParams): Promise<void> {
    requireOperator(caller);
    return this.deadLetters.discard(stream, id);
  }

  @Post(':stream/:id/replay')
  @Idempotent()
  @HttpCode(204)
  @ApiOperation({ summary: 'Try it again: the entry goes back to the end of its stream' })
  @ApiNoContentResponse()
  @Failures('invalid-request', 'not-found')
  replay(@Caller() caller: AuthenticatedKey, @Param() { stream, id }: DeadLetterParams): Promise<void> {
    requireOperator(caller);
    return this.deadLetters.replay(stream, id);
  }
}

/** Whoever runs the installation holds an admin key of its first app. */
function requireOperator({ app }: AuthenticatedKey): void {
  if (app === DEFAULT_APP) return;
  throw new CarillonError('forbidden', `dead letters are for admin keys of the app "${DEFAULT_APP}"`);
}
