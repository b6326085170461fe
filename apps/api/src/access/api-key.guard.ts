import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type AuthenticatedKey, KeyVerifier } from '@carillon/auth';
import { allows, CarillonError, type Scope } from '@carillon/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { StoreWatch } from './store-watch.js';

export const NeededScope = Reflector.createDecorator<Scope>();

export interface AuthenticatedRequest extends FastifyRequest {
  apiKey?: AuthenticatedKey;
}

/** `Authorization: Bearer ck_…`, or `X-Api-Key` for callers that cannot set it (RFC 6750). */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly verifier: KeyVerifier,
    private readonly store: StoreWatch,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const needed = this.reflector.getAllAndOverride(NeededScope, [context.getHandler(), context.getClass()]);
    this.store.assertAnswers();
    request.apiKey = await this.authenticate(request, reply);
    if (needed === undefined || allows(request.apiKey.scopes, needed)) return true;
    void reply.header('www-authenticate', `Bearer error="insufficient_scope", scope="${needed}"`);
    throw new CarillonError('forbidden', `the key lacks the scope "${needed}"`, {
      extensions: { neededScope: needed, scopes: request.apiKey.scopes },
    });
  }

  private async authenticate(request: FastifyRequest, reply: FastifyReply): Promise<AuthenticatedKey> {
    const text = presentedKey(request);
    const key = text === undefined ? undefined : await this.verifier.verify(text);
    if (key) return key;
    const challenge = text === undefined ? 'Bearer realm="carillon"' : 'Bearer error="invalid_token"';
    void reply.header('www-authenticate', challenge);
    const detail =
      text === undefined
        ? 'send an API key: "Authorization: Bearer ck_…"'
        : 'the API key is not valid: it is unknown, mistyped or deleted';
    throw new CarillonError('unauthenticated', detail);
  }
}

function presentedKey({ headers }: FastifyRequest): string | undefined {
  const { authorization } = headers;
  if (authorization !== undefined) return /^bearer +(\S+) *$/i.exec(authorization)?.[1] ?? '';
  const header = headers['x-api-key'];
  return typeof header === 'string' ? header : undefined;
}
