import { isUtf8 } from 'node:buffer';
import { prepareLocal } from '../jid/jid.js';
import type { AuthenticationOutcome, AuthenticationRequest } from '../hooks.js';
import { failure, type SaslExchange, type SaslStep } from './sasl-failure.js';

export interface PlainContext {
  domain: string;
  authenticate(request: Pick<AuthenticationRequest, 'username' | 'password'>): Promise<AuthenticationOutcome>;
}

/** SASL PLAIN (RFC 4616): authzid NUL authcid NUL password. */
export class PlainExchange implements SaslExchange {
  constructor(private readonly context: PlainContext) {}

  respond(payload: Buffer | undefined): Promise<SaslStep> | SaslStep {
    if (payload === undefined) return { kind: 'challenge', data: '' };
    if (!isUtf8(payload)) return failure('malformed-request');
    const parts = payload.toString('utf8').split('\0');
    if (parts.length !== 3 || parts[1] === '' || parts[2] === '') return failure('malformed-request');
    const [authzid, authcid, password] = parts as [string, string, string];
    const username = prepareLocal(authcid);
    if (username === undefined) return failure('not-authorized');
    if (!isOwnIdentity(authzid, username, this.context.domain)) return failure('invalid-authzid');
    return this.verify(username, password);
  }

  private async verify(username: string, password: string): Promise<SaslStep> {
    const outcome = await this.context.authenticate({ username, password });
    if (!outcome.ok) return failure(outcome.reason);
    return { kind: 'success', username, principal: outcome.principal };
  }
}

/** No user may act as another (RFC 6120 §6.3.8): an authzid must be absent or name the user itself. */
export function isOwnIdentity(authzid: string, username: string, domain: string): boolean {
  if (authzid === '') return true;
  const at = authzid.lastIndexOf('@');
  if (at < 0) return prepareLocal(authzid) === username;
  return prepareLocal(authzid.slice(0, at)) === username && authzid.slice(at + 1).toLowerCase() === domain;
}
