import type { X509Certificate } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import { parseJid } from '../jid/jid.js';
import type { CertificateOutcome, CertificateRequest } from '../hooks.js';
import { failure, type SaslExchange, type SaslStep } from './sasl-failure.js';

export interface ExternalContext {
  domain: string;
  certificate: X509Certificate;
  authenticate(request: Omit<CertificateRequest, 'peer'>): Promise<CertificateOutcome>;
}

/** SASL EXTERNAL with a client's certificate (RFC 4422 App. A, XEP-0178 §2). Who the certificate stands for is the owner's word. */
export class ExternalExchange implements SaslExchange {
  constructor(private readonly context: ExternalContext) {}

  respond(payload: Buffer | undefined): Promise<SaslStep> | SaslStep {
    if (payload === undefined) return { kind: 'challenge', data: '' };
    if (!isUtf8(payload) || payload.includes(0)) return failure('malformed-request');
    const { certificate, domain } = this.context;
    const accounts = accountsIn(certificate, domain);
    if (payload.length === 0) return this.decide(accounts, accounts.length === 1 ? accounts[0] : undefined);
    const jid = parseJid(payload.toString('utf8'));
    const wanted = jid && jid.domain === domain && jid.resource === '' ? jid.local : undefined;
    // A certificate that names accounts stands for no others (XEP-0178 §2, step 10).
    if (!wanted || (accounts.length > 0 && !accounts.includes(wanted))) return failure('invalid-authzid');
    return this.decide(accounts, wanted);
  }

  private async decide(accounts: string[], username: string | undefined): Promise<SaslStep> {
    const { certificate } = this.context;
    const outcome = await this.context.authenticate({ certificate, accounts, username });
    if (!outcome.ok) return failure(outcome.reason);
    if (username !== undefined && outcome.username !== username) return failure('invalid-authzid');
    return { kind: 'success', username: outcome.username, principal: outcome.principal };
  }
}

/**
 * The accounts of this domain that the certificate names as id-on-xmppAddr (RFC 6120 §13.7.1.4). Node quotes what could be taken for
 * another name: a certificate with such a one names nobody.
 */
export function accountsIn({ subjectAltName = '' }: X509Certificate, domain: string): string[] {
  if (subjectAltName.includes('"')) return [];
  const jids = subjectAltName
    .split(', ')
    .flatMap((name) => /^othername:XmppAddr:(.+)$/.exec(name)?.[1] ?? []);
  return jids.flatMap((text) => {
    const jid = parseJid(text);
    return jid && jid.domain === domain && jid.local !== '' ? [jid.local] : [];
  });
}
