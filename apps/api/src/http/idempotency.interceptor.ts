import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { CarillonError } from '@carillon/domain';
import { type Idempotency, IDEMPOTENCY_RENEWAL, RedisIdempotency } from '@carillon/persistence';
import type { FastifyReply } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import type { AuthenticatedRequest } from '../access/api-key.guard.js';
import { AnswerSeal } from './answer-seal.js';
import { IDEMPOTENCY_HEADER, idempotencyOf, mismatch, REPLAYED_HEADER } from './idempotency.js';

/** A request whose twin is at work waits so long for its answer, ms. */
const WAIT_LIMIT = 10_000;
const WAIT_STEP = 50;

interface Answer {
  readonly status: number;
  readonly location?: string;
  readonly body?: unknown;
}

/** Requests with an `Idempotency-Key`: the first one does its work, the others get its answer. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(private readonly records: RedisIdempotency) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const idempotency = idempotencyOf(request);
    if (!idempotency) return next.handle();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return from(this.once({ request, reply, idempotency }, next));
  }

  private async once(call: Call, next: CallHandler): Promise<unknown> {
    const token = randomBytes(12).toString('hex');
    const app = call.request.apiKey!.app;
    const seal = new AnswerSeal(app, String(call.request.headers[IDEMPOTENCY_HEADER]));
    const earlier = await this.claim(app, call.idempotency, token);
    if (earlier !== undefined) return replay(JSON.parse(seal.open(earlier)) as Answer, call.reply);
    const renewal = setInterval(() => this.renew(app, call.idempotency, token), IDEMPOTENCY_RENEWAL);
    try {
      const body: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
      await this.records.settle(
        app,
        call.idempotency,
        token,
        seal.close(JSON.stringify(answerOf(call.reply, body))),
      );
      return body;
    } catch (error) {
      // A refusal is not remembered: the request may be right, or possible, later.
      await this.records.settle(app, call.idempotency, token, undefined).catch(() => undefined);
      throw error;
    } finally {
      clearInterval(renewal);
    }
  }

  /** While Redis is away nobody else gets the key either. */
  private renew(app: string, idempotency: Idempotency, token: string): void {
    this.records.claim(app, idempotency, token, Date.now()).catch(() => undefined);
  }

  /** @returns the answer of before, or undefined when this request is to do the work */
  private async claim(app: string, idempotency: Idempotency, token: string): Promise<string | undefined> {
    const deadline = Date.now() + WAIT_LIMIT;
    for (;;) {
      const claim = await this.records.claim(app, idempotency, token, Date.now());
      if (claim.outcome === 'mismatch') throw mismatch();
      if (claim.outcome === 'claimed') return undefined;
      if (claim.outcome === 'answered') return claim.answer;
      if (Date.now() >= deadline) throw stillAtWork();
      await sleep(WAIT_STEP);
    }
  }
}

interface Call {
  readonly request: AuthenticatedRequest;
  readonly reply: FastifyReply;
  readonly idempotency: Idempotency;
}

function answerOf(reply: FastifyReply, body: unknown): Answer {
  const location = reply.getHeader('location');
  return { status: reply.statusCode, ...(typeof location === 'string' && { location }), body };
}

function replay({ status, location, body }: Answer, reply: FastifyReply): unknown {
  void reply.status(status).header(REPLAYED_HEADER, 'true');
  if (location !== undefined) void reply.header('location', location);
  return body;
}

const stillAtWork = (): CarillonError =>
  new CarillonError(
    'idempotency-in-progress',
    'the first request with this Idempotency-Key is still at work',
    {
      retryAfterSeconds: 1,
    },
  );
