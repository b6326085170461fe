import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiAcceptedResponse,
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
import { PageQuery } from '../http/page.dto.js';
import { CreateWebhook, PatchWebhook, WebhookLetterParams, WebhookParams } from './webhook.dto.js';
import {
  CreatedWebhook,
  WebhookLetterPage,
  WebhookLetterView,
  WebhookList,
  WebhookSecret,
  WebhookView,
} from './webhook.view.js';
import { WebhookLettersService } from './webhook-letters.service.js';
import { WebhooksService } from './webhooks.service.js';

@ApiTags('webhooks')
@Controller('v1/webhooks')
@RequireScope('manage')
export class WebhooksController {
  constructor(
    private readonly webhooks: WebhooksService,
    private readonly letters: WebhookLettersService,
  ) {}

  @Post()
  @Idempotent()
  @ApiOperation({
    summary: 'Have receipts posted to a URL',
    description:
      'Signed as Standard Webhooks says, up to 100 events a request, at least once: events and batches keep their ids.',
  })
  @ApiCreatedResponse({ type: CreatedWebhook })
  @Failures('invalid-request', 'malformed-json', 'conflict')
  create(@Caller() { app }: AuthenticatedKey, @Body() webhook: CreateWebhook): Promise<CreatedWebhook> {
    return this.webhooks.create(app, webhook);
  }

  @Get()
  @ApiOperation({ summary: 'List the webhooks, and how they fare' })
  @ApiOkResponse({ type: WebhookList })
  list(@Caller() { app }: AuthenticatedKey): Promise<WebhookList> {
    return this.webhooks.list(app);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a webhook, and how it fares' })
  @ApiOkResponse({ type: WebhookView })
  @Failures('invalid-request', 'not-found')
  read(@Caller() { app }: AuthenticatedKey, @Param() { id }: WebhookParams): Promise<WebhookView> {
    return this.webhooks.read(app, id);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change, disable or enable a webhook' })
  @ApiOkResponse({ type: WebhookView })
  @Failures('invalid-request', 'malformed-json', 'not-found')
  patch(
    @Caller() { app }: AuthenticatedKey,
    @Param() { id }: WebhookParams,
    @Body() changes: PatchWebhook,
  ): Promise<WebhookView> {
    return this.webhooks.patch(app, id, changes);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a webhook with all that waits for it' })
  @ApiNoContentResponse()
  @Failures('invalid-request', 'not-found')
  delete(@Caller() { app }: AuthenticatedKey, @Param() { id }: WebhookParams): Promise<void> {
    return this.webhooks.delete(app, id);
  }

  @Post(':id/secret')
  @Idempotent()
  @HttpCode(200)
  @ApiOperation({ summary: 'Give a webhook a new secret; for 24 hours the former one signs too' })
  @ApiOkResponse({ type: WebhookSecret })
  @Failures('invalid-request', 'not-found')
  rotateSecret(@Caller() { app }: AuthenticatedKey, @Param() { id }: WebhookParams): Promise<WebhookSecret> {
    return this.webhooks.rotateSecret(app, id);
  }

  @Post(':id/test')
  @Idempotent()
  @HttpCode(202)
  @ApiOperation({ summary: 'Post an event of the type `webhook.test`' })
  @ApiAcceptedResponse({ description: 'it is queued' })
  @Failures('invalid-request', 'not-found', 'conflict')
  test(@Caller() { app }: AuthenticatedKey, @Param() { id }: WebhookParams): Promise<void> {
    return this.webhooks.test(app, id);
  }

  @Get(':id/dead-letters')
  @ApiOperation({ summary: 'List batches that were given up; the newest 1,000 are kept' })
  @ApiOkResponse({ type: WebhookLetterPage })
  @Failures('invalid-request', 'not-found')
  page(
    @Caller() { app }: AuthenticatedKey,
    @Param() { id }: WebhookParams,
    @Query() query: PageQuery,
  ): Promise<WebhookLetterPage> {
    return this.letters.page(app, id, query);
  }

  @Get(':id/dead-letters/:letter')
  @ApiOperation({ summary: 'Read a batch that was given up' })
  @ApiOkResponse({ type: WebhookLetterView })
  @Failures('invalid-request', 'not-found')
  letter(
    @Caller() { app }: AuthenticatedKey,
    @Param() { id, letter }: WebhookLetterParams,
  ): Promise<WebhookLetterView> {
    return this.letters.read(app, id, letter);
  }

  @Post(':id/dead-letters/:letter/replay')
  @Idempotent()
  @HttpCode(204)
  @ApiOperation({ summary: 'Post a batch that was given up again, as if for the first time' })
  @ApiNoContentResponse()
  @Failures('invalid-request', 'not-found')
  replay(@Caller() { app }: AuthenticatedKey, @Param() { id, letter }: WebhookLetterParams): Promise<void> {
    return this.letters.replay(app, id, letter);
  }

  @Delete(':id/dead-letters/:letter')
  @HttpCode(204)
  @ApiOperation({ summary: 'Discard a batch that was given up' })
  @ApiNoContentResponse()
  @Failures('invalid-request', 'not-found')
  discard(@Caller() { app }: AuthenticatedKey, @Param() { id, letter }: WebhookLetterParams): Promise<void> {
    return this.letters.discard(app, id, letter);
  }
}
