import { Body, Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { AuthenticatedKey } from '@carillon/auth';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Caller, RequireScope } from '../access/require-scope.decorator.js';
import { Failures } from '../http/failures.decorator.js';
import { idempotencyOf, REPLAYED_HEADER } from '../http/idempotency.js';
import { DeliveryParams, NotificationParams, SendNotification } from './notification.dto.js';
import {
  AcceptedNotification,
  DeliveryView,
  NotificationStatusView,
  NotificationView,
} from './notification.view.js';
import { NotificationsService, type Sent } from './notifications.service.js';

@ApiTags('notifications')
@Controller('v1/notifications')
export class NotificationsController {
  constructor(private readonly notifications: NotificationsService) {}

  @Post()
  @HttpCode(202)
  @RequireScope('send')
  @ApiOperation({
    summary: 'Send a notification',
    description:
      'After the 202 it is never lost. Repeat with the same `Idempotency-Key` to be sure that it was sent once.',
  })
  @ApiHeader({ name: 'Idempotency-Key', required: false, description: '1 to 255 printable ASCII characters' })
  @ApiAcceptedResponse({
    type: AcceptedNotification,
    headers: {
      Location: { schema: { type: 'string' } },
      'Idempotency-Replayed': {
        description: '`true` when the request came before; the answer is the one that it had then',
        schema: { type: 'string', enum: ['true'] },
      },
    },
  })
  @Failures(
    'invalid-request',
    'malformed-json',
    'invalid-audience',
    'invalid-idempotency-key',
    'time-in-past',
    'idempotency-mismatch',
    'payload-too-large',
  )
  async send(
    @Caller() { app }: AuthenticatedKey,
    @Body() notification: SendNotification,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AcceptedNotification> {
    return answer(await this.notifications.send(app, notification, idempotencyOf(request)), reply);
  }

  @Get(':id')
  @RequireScope('read')
  @ApiOperation({ summary: 'Read a notification, with how many deliveries have come how far' })
  @ApiOkResponse({ type: NotificationView })
  @Failures('invalid-request', 'not-found')
  read(@Caller() { app }: AuthenticatedKey, @Param() { id }: NotificationParams): Promise<NotificationView> {
    return this.notifications.read(app, id);
  }

  @Get(':id/deliveries/:device')
  @RequireScope('read')
  @ApiOperation({ summary: 'What became of a notification on one device' })
  @ApiOkResponse({ type: DeliveryView })
  @Failures('invalid-request', 'not-found')
  delivery(
    @Caller() { app }: AuthenticatedKey,
    @Param() { id, device }: DeliveryParams,
  ): Promise<DeliveryView> {
    return this.notifications.delivery(app, id, device);
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @RequireScope('send')
  @ApiOperation({ summary: 'Cancel a notification that has not reached every inbox' })
  @ApiOkResponse({ type: NotificationStatusView })
  @Failures('invalid-request', 'not-found', 'not-cancellable')
  cancel(
    @Caller() { app }: AuthenticatedKey,
    @Param() { id }: NotificationParams,
  ): Promise<NotificationStatusView> {
    return this.notifications.cancel(app, id);
  }
}

export function answer({ accepted, replayed }: Sent, reply: FastifyReply): AcceptedNotification {
  void reply.header('location', accepted.links.self);
  if (replayed) void reply.header(REPLAYED_HEADER, 'true');
  return accepted;
}
