import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import { CarillonError } from '@carillon/domain';
import { sendProblem, toCarillonError } from '@carillon/process';
import type { FastifyReply } from 'fastify';

/** The problem document of every route, with `result` and `description` as androidpn's callers look for them. */
@Catch()
export class AndroidpnFilter implements ExceptionFilter {
  private readonly logger = new Logger('androidpn');

  catch(thrown: unknown, host: ArgumentsHost): void {
    const error = toCarillonError(thrown) ?? this.internal(thrown);
    const { code, message, faults, retryAfterSeconds } = error;
    const extensions = { ...error.extensions, result: '1', description: message };
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    sendProblem(
      reply,
      new CarillonError(code, message, {
        faults,
        extensions,
        ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
      }),
    );
  }

  private internal(thrown: unknown): CarillonError {
    this.logger.error(String(thrown), thrown instanceof Error ? thrown.stack : undefined);
    return new CarillonError('internal', 'the gateway failed; its log tells why', { cause: thrown });
  }
}
