import { Body, Controller, Get, Header, HttpCode, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import {
  ApiBasicAuth,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import {
  CarillonError,
  type DeviceLogin,
  formatCursor,
  parseCursor,
  parseDeviceEvent,
} from '@carillon/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { StreamDeviceEvents } from '../delivery/stream-device-events.js';
import { Transports } from '../delivery/transports.js';
import { DeviceGuard, RequestDevice } from './device.guard.js';
import { AcknowledgeBody, InboxPageDto, PollQuery } from './inbox.dto.js';

/** The inbox of the device that asks. */
@ApiTags('inbox')
@ApiBasicAuth('device')
@ApiResponse({ status: 401, description: 'The device id or its token is wrong' })
@UseGuards(DeviceGuard)
@Controller('v1/inbox')
export class InboxController {
  constructor(
    private readonly transports: Transports,
    private readonly events: StreamDeviceEvents,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Long-poll: what is in the inbox, at once or as soon as there is something' })
  @ApiOkResponse({ type: InboxPageDto })
  @ApiResponse({ status: 410, description: 'The cursor is too old; `oldestCursor` says where to begin' })
  async poll(
    @RequestDevice() device: DeviceLogin,
    @Query() { after, wait, limit }: PollQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const gone = new AbortController();
    const onClose = (): void => gone.abort();
    request.raw.socket.once('close', onClose);
    const page = await this.transports.poll
      .poll(device, { after: parseCursor(after), waitMs: wait * 1_000, limit, signal: gone.signal })
      .finally(() => request.raw.socket.off('close', onClose));
    // The envelopes are JSON already.
    const body = `{"notifications":[${page.envelopes.join(',')}],"cursor":"${formatCursor(page.cursor)}"}`;
    await reply.header('cache-control', 'no-store').type('application/json; charset=utf-8').send(body);
  }

  @Post('ack')
  @HttpCode(204)
  @ApiOperation({ summary: 'Acknowledge notifications, by id or up to a cursor' })
  @ApiNoContentResponse({ description: 'They have left the inbox' })
  async acknowledge(
    @RequestDevice() device: DeviceLogin,
    @Body() { ids, cursor }: AcknowledgeBody,
  ): Promise<void> {
    if ((ids === undefined) === (cursor === undefined)) {
      throw new CarillonError('invalid-request', 'give either ids or cursor');
    }
    if (ids) await this.transports.poll.acknowledge(device, ids);
    else await this.transports.poll.acknowledgeUpTo(device, parseCursor(cursor!));
  }

  @Post('events')
  @HttpCode(204)
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'Report that a notification was displayed or opened, where the device is, or its time zone',
  })
  @ApiNoContentResponse()
  async report(@RequestDevice() device: DeviceLogin, @Req() request: FastifyRequest): Promise<void> {
    const source = { app: device.app, deviceId: device.id, transport: 'poll', at: Date.now() };
    const parsed = parseDeviceEvent(JSON.stringify(request.body ?? null), source);
    if (!parsed.ok) throw new CarillonError('invalid-request', parsed.detail);
    await this.events.publish(parsed.event);
  }
}
