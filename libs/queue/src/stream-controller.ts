import { applyDecorators, Controller, UseFilters } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import type { StreamName } from '@carillon/domain';
import { REDIS_STREAMS } from './redis-streams-context.js';
import { RethrowingFilter } from './rethrowing-filter.js';

/** A class whose methods handle the events of streams. */
export const StreamController = (): ClassDecorator =>
  applyDecorators(Controller(), UseFilters(RethrowingFilter));

/** Marks the handler of a stream's events. */
export const StreamHandler = (stream: StreamName): MethodDecorator =>
  EventPattern<string>(stream, REDIS_STREAMS) as MethodDecorator;
