import { applyDecorators, createParamDecorator, type ExecutionContext, UseGuards } from '@nestjs/common';
import { ApiBearerAuth } from '@nestjs/swagger';
import type { AuthenticatedKey } from '@carillon/auth';
import type { Scope } from '@carillon/domain';
import { Failures } from '../http/failures.decorator.js';
import { ApiKeyGuard, type AuthenticatedRequest, NeededScope } from './api-key.guard.js';

/** The route, or every route of the controller, is for API keys with this scope. */
export const RequireScope = (scope: Scope): ClassDecorator & MethodDecorator =>
  applyDecorators(
    NeededScope(scope),
    UseGuards(ApiKeyGuard),
    ApiBearerAuth(),
    Failures('unauthenticated', 'forbidden', 'unavailable'),
  );

/** The key that makes the request. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): AuthenticatedKey => {
  const { apiKey } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!apiKey) throw new Error('@Caller() needs @RequireScope()');
  return apiKey;
});
