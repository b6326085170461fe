import { Body, Controller, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiConsumes,
  ApiHeader,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiTags,
} from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { AuthenticatedKey } from '@carillon/auth';
import { CarillonError } from '@carillon/domain';
import { TEXT_BODY } from '@carillon/process';
import { IsOptional, IsString } from 'class-validator';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Caller, RequireScope } from '../access/require-scope.decorator.js';
import { Failures } from '../http/failures.decorator.js';
import { idempotencyOf } from '../http/idempotency.js';
import { IsName } from '../http/rules.js';
import { AcceptedNotification } from './notification.view.js';
import { answer } from './notifications.controller.js';
import { NotificationsService } from './notifications.service.js';

export class PublishParams {
  @ApiProperty({ example: 'kitchen' })
  @IsName()
  group!: string;
}

export class PublishQuery {
  @ApiPropertyOptional({ example: 'Kitchen' })
  @IsOptional()
  @IsString()
  title?: string;
}

/** A first try with one curl. */
@ApiTags('notifications')
@Controller('v1/publish')
export class PublishController {
  constructor(private readonly notifications: NotificationsService) {}

  @Post(':group')
  @HttpCode(202)
  @RouteConfig(TEXT_BODY)
  @RequireScope('send')
  @ApiOperation({
    summary: 'Send a plain text to a group',
    description: "`curl -H 'Authorization: Bearer ck_…' -d 'Tea is ready' …/v1/publish/kitchen`",
  })
  @ApiConsumes('text/plain', 'application/x-www-form-urlencoded')
  @ApiBody({ schema: { type: 'string', example: 'Tea is ready' } })
  @ApiHeader({ name: 'Idempotency-Key', required: false })
  @ApiAcceptedResponse({ type: AcceptedNotification })
  @Failures(
    'invalid-request',
    'invalid-idempotency-key',
    'idempotency-mismatch',
    'payload-too-large',
    'unsupported-media-type',
  )
  async publish(
    @Caller() { app }: AuthenticatedKey,
    @Param() { group }: PublishParams,
    @Query() { title }: PublishQuery,
    @Body() text: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AcceptedNotification> {
    const notification = { audience: { group }, title, body: textOf(text) };
    return answer(await this.notifications.send(app, notification, idempotencyOf(request)), reply);
  }
}

function textOf(body: unknown): string {
  if (typeof body === 'string') return body.trim();
  if (body === undefined || body === null) return '';
  throw new CarillonError('unsupported-media-type', 'send a plain text; POST /v1/notifications takes JSON');
}
