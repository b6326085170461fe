import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiExtraModels,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { AuthenticatedKey } from '@carillon/auth';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Caller, RequireScope } from '../access/require-scope.decorator.js';
import { Failures } from '../http/failures.decorator.js';
import { Idempotent } from '../http/idempotent.decorator.js';
import { idempotencyOf, REPLAYED_HEADER } from '../http/idempotency.js';
import { DeliveryParams, DeliveryQuery, NotificationParams, SendNotification } from './notification.dto.js';
import {
  AcceptedNotification,
  DeliveryView,
  NotificationStatusView,
  NotificationView,
  DeliveryPage,
  DryRunView,
  RecalledNotification,
} from './notification.view.js';
import { BatchView, SendBatch } from './batch.dto.js';
import { BatchService } from './batch.service.js';
import { DeliveriesService } from './deliveries.service.js';
import { DryRunService } from './dry-run.service.js';
import { NotificationsService, type Sent } from './notifications.service.js';

@ApiTags('notifications')
@Controller('v1/notifications')
export class NotificationsController {
  constructor(
    private readonly notifications: NotificationsService,
    private readonly dryRuns: DryRunService,
    private readonly deliveries: DeliveriesService,
    private readonly batches: BatchService,
  ) {}

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
  @ApiOkResponse({ type: DryRunView, description: '`dryRun`: nothing was sent' })
  @Failures(
    'invalid-request',
    'malformed-json',
    'invalid-audience',
    'audience-too-costly',
    'no-recipients',
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
  ): Promise<AcceptedNotification | DryRunView> {
    if (notification.dryRun) {
      void reply.status(200);
      return this.dryRuns.run(app, notification);
    }
    return answer(await this.notifications.send(app, notification, idempotencyOf(request)), reply);
  }

  @Post('batch')
  @Idempotent()
  @HttpCode(202)
  @RequireScope('send')
  @ApiOperation({
    summary: 'Send up to 1,000 notifications',
    description:
      'Each is checked and accepted by itself: `results` says of each, in their order, that it was accepted, or why not.',
  })
  @ApiExtraModels(SendNotification)
  @ApiAcceptedResponse({ type: BatchView })
  @Failures('invalid-request', 'malformed-json', 'payload-too-large')
  batch(
    @Caller() { app }: AuthenticatedKey,
    @Body() { notifications }: SendBatch,
    @Req() request: FastifyRequest,
  ): Promise<BatchView> {
    return this.batches.send(app, notifications, idempotencyOf(request));
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
    return this.deliveries.read(app, id, device);
  }

  @Get(':id/deliveries')
  @RequireScope('read')
  @ApiOperation({
    summary: 'Page through the deliveries of a notification',
    description:
      'A page may be shorter than `limit`, even empty, while `next` says that there is more. Deliveries are kept for 7 days ' +
      'after their notification expired.',
  })
  @ApiOkResponse({ type: DeliveryPage })
  @Failures('invalid-request', 'not-found')
  page(
    @Caller() { app }: AuthenticatedKey,
    @Param() { id }: NotificationParams,
    @Query() query: DeliveryQuery,
  ): Promise<DeliveryPage> {
    return this.deliveries.page(app, id, query);
  }

  @Post(':id/recall')
  @Idempotent()
  @HttpCode(200)
  @RequireScope('send')
  @ApiOperation({
    summary: 'Take a notification back',
    description:
      'Copies that no device has vanish; devices that have it, or may have it, are sent an envelope of the kind `recall` with ' +
      'its id in `recalls`. Repeating a recall finishes one that was interrupted.',
  })
  @ApiOkResponse({ type: RecalledNotification })
  @Failures('invalid-request', 'not-found', 'conflict')
  recall(
    @Caller() { app }: AuthenticatedKey,
    @Param() { id }: NotificationParams,
  ): Promise<RecalledNotification> {
    return this.notifications.recall(app, id);
  }

  @Post(':id/pause')
  @Idempotent()
  @HttpCode(200)
  @RequireScope('send')
  @ApiOperation({
    summary: 'Pause a notification that is spread over time',
    description: 'Takes effect within a second. What a device has got stays with it.',
  })
  @ApiOkResponse({ type: NotificationStatusView })
  @Failures('invalid-request', 'not-found', 'conflict')
  pause(
    @Caller() { app }: AuthenticatedKey,
    @Param() { id }: NotificationParams,
  ): Promise<NotificationStatusView> {
    return this.notifications.pause(app, id, true);
  }

  @Post(':id/resume')
  @Idempotent()
  @HttpCode(200)
  @RequireScope('send')
  @ApiOperation({ summary: 'Let a paused notification go on where it stopped' })
  @ApiOkResponse({ type: NotificationStatusView })
  @Failures('invalid-request', 'not-found', 'conflict')
  resume(
    @Caller() { app }: AuthenticatedKey,
    @Param() { id }: NotificationParams,
  ): Promise<NotificationStatusView> {
    return this.notifications.pause(app, id, false);
  }

  @Post(':id/cancel')
  @Idempotent()
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
