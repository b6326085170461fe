import { createHmac, timingSafeEqual } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import { prepareLocal } from '../jid/jid.js';
import type { FastHooks, HtMechanism } from '../hooks.js';
import type { ChannelBindings } from './channel-binding.js';
import { failure, type SaslExchange, type SaslStep } from './sasl-failure.js';

/** The channel binding of each mechanism of the HT family (draft-schmaus-kitten-sasl-ht §3); none for NONE. */
const BINDINGS: Record<HtMechanism, string | undefined> = {
  'HT-SHA-256-EXPR': 'tls-exporter',
  'HT-SHA-256-ENDP': 'tls-server-end-point',
  'HT-SHA-256-NONE': undefined,
};

/** Those that this connection allows, the strongest first. */
export function htMechanisms(bindings: ChannelBindings): HtMechanism[] {
  const all = Object.entries(BINDINGS) as [HtMechanism, string | undefined][];
  return all.filter(([, type]) => type === undefined || bindings.data(type)).map(([name]) => name);
}

export interface HtContext {
  mechanism: HtMechanism;
  /** Of the user agent that the token was issued to. */
  clientId: string;
  /** From `<fast/>`, grows with each use. */
  count: number | undefined;
  tokens: FastHooks;
  bindings: ChannelBindings;
}

/** A log-in with a token, in one step (XEP-0484): name NUL HMAC(token, "Initiator" and the binding's data). */
export class HtExchange implements SaslExchange {
  constructor(private readonly context: HtContext) {}

  respond(payload: Buffer | undefined): Promise<SaslStep> | SaslStep {
    const end = payload?.indexOf(0) ?? -1;
    if (!payload || end < 1 || !isUtf8(payload.subarray(0, end))) return failure('malformed-request');
    const username = prepareLocal(payload.toString('utf8', 0, end));
    return username === undefined
      ? failure('not-authorized')
      : this.verify(username, payload.subarray(end + 1));
  }

  private async verify(username: string, proof: Buffer): Promise<SaslStep> {
    const { mechanism, clientId, count, tokens } = this.context;
    const client = { username, clientId, mechanism };
    const found = await tokens.find(client);
    if (found === 'unavailable') return failure('temporary-auth-failure');
    const match = found.find(({ token }) => isSame(proof, this.hash(token, 'Initiator')));
    if (!match) return failure('not-authorized');
    if (match.expiresAt.getTime() <= Date.now()) return failure('credentials-expired');
    if (!(await tokens.used(client, match.token, count))) return failure('not-authorized');
    const { token, expiresAt, principal } = match;
    return {
      kind: 'success',
      username,
      principal,
      data: this.hash(token, 'Responder'),
      token: { expiresAt },
    };
  }

  private hash(token: string, role: 'Initiator' | 'Responder'): Buffer {
    const { mechanism, bindings } = this.context;
    const type = BINDINGS[mechanism];
    const data = type === undefined ? Buffer.alloc(0) : bindings.data(type)!;
    return createHmac('sha256', token).update(role).update(data).digest();
  }
}

function isSame(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
