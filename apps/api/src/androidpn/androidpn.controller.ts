import { Controller, Get, Header, HttpCode, Post, Req, UseFilters, UseGuards } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiExcludeController } from '@nestjs/swagger';
import type { AuthenticatedKey } from '@carillon/auth';
import { CarillonError } from '@carillon/domain';
import { TEXT_BODY } from '@carillon/process';
import type { FastifyRequest } from 'fastify';
import { Caller, RequireScope } from '../access/require-scope.decorator.js';
import { idempotencyOf } from '../http/idempotency.js';
import { NotificationsService } from '../notifications/notifications.service.js';
import { AndroidpnFilter } from './androidpn.filter.js';
import { AndroidpnSwitch } from './androidpn.switch.js';
import { AndroidpnUsers, USER_PARAMETERS, type UserList } from './androidpn-users.js';
import { NOTIFICATION_PARAMETERS, notificationOf } from './notification-form.js';
import { parametersOf } from './parameters.js';

interface Success {
  readonly result: '0';
  readonly description: 'success';
  /** The notification. */
  readonly id: string;
}

const SEND_PATHS = ['notification.do', 'notification_api.do'];

/**
 * The HTTP side of androidpn, for backends that call it. COMPAT: it sends by GET too, as they do; so the key is taken from a header alone, which no
 * link and no form of another site can set.
 */
@ApiExcludeController()
@UseFilters(AndroidpnFilter)
@UseGuards(AndroidpnSwitch)
@Controller()
export class AndroidpnController {
  constructor(
    private readonly notifications: NotificationsService,
    private readonly users: AndroidpnUsers,
  ) {}

  @Get(SEND_PATHS)
  @RequireScope('send')
  @Header('cache-control', 'no-store')
  sendByGet(@Caller() { app }: AuthenticatedKey, @Req() request: FastifyRequest): Promise<Success> {
    // Fastify answers HEAD by the handler of GET; that must not send.
    if (request.method !== 'GET') throw new CarillonError('method-not-allowed', 'use one of: GET, POST');
    return this.accept(app, request);
  }

  @Post(SEND_PATHS)
  @HttpCode(200)
  @RouteConfig(TEXT_BODY)
  @RequireScope('send')
  @Header('cache-control', 'no-store')
  sendByPost(@Caller() { app }: AuthenticatedKey, @Req() request: FastifyRequest): Promise<Success> {
    return this.accept(app, request);
  }

  @Get('user_api.do')
  @RequireScope('read')
  @Header('cache-control', 'no-store')
  list(@Caller() { app }: AuthenticatedKey, @Req() request: FastifyRequest): Promise<UserList> {
    return this.users.list(app, parametersOf(request, USER_PARAMETERS));
  }

  private async accept(app: string, request: FastifyRequest): Promise<Success> {
    const notification = notificationOf(parametersOf(request, NOTIFICATION_PARAMETERS));
    const { accepted } = await this.notifications.send(app, notification, idempotencyOf(request));
    return { result: '0', description: 'success', id: accepted.id };
  }
}
