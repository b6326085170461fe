import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import { CarillonError } from '@carillon/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Observable, throwError } from 'rxjs';
import { PROBLEM_MEDIA_TYPE, toCarillonError, toProblem } from './problem.js';
import type { RouteTable } from './route-table.js';

/** Answers every failed request with a problem document. Failures of message handlers are left to their own server. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  constructor(private readonly routes: RouteTable) {}

  catch(thrown: unknown, host: ArgumentsHost): Observable<never> | void {
    if (host.getType() !== 'http') return throwError(() => thrown);
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const error = this.refine(toCarillonError(thrown) ?? this.internal(thrown, request), request, reply);
    if (reply.sent || reply.raw.headersSent) {
      // The answer has begun (a stream): all that is left to say is that it ends here.
      reply.raw.destroy();
      return;
    }
    sendProblem(reply, error);
  }

  private internal(thrown: unknown, request: FastifyRequest): CarillonError {
    const stack = thrown instanceof Error ? thrown.stack : undefined;
    this.logger.error(`${request.method} ${pathOf(request)} failed: ${String(thrown)}`, stack);
    return new CarillonError('internal', 'the gateway failed; its log tells why', { cause: thrown });
  }

  /** A path that exists under other methods is not "not found". */
  private refine(error: CarillonError, request: FastifyRequest, reply: FastifyReply): CarillonError {
    if (error.code !== 'not-found' || !request.is404) return error;
    const methods = this.routes.methodsOf(pathOf(request));
    if (methods.length === 0) return new CarillonError('not-found', `there is nothing at ${pathOf(request)}`);
    void reply.header('allow', methods.join(', '));
    return new CarillonError('method-not-allowed', `use one of: ${methods.join(', ')}`);
  }
}

export function sendProblem(reply: FastifyReply, error: CarillonError): void {
  if (error.retryAfterSeconds !== undefined) void reply.header('retry-after', error.retryAfterSeconds);
  void reply
    .status(error.status)
    .type(PROBLEM_MEDIA_TYPE)
    .send(JSON.stringify(toProblem(error)));
}

const pathOf = (request: FastifyRequest): string => request.url.split('?', 1)[0]!;
