/** SASL failure conditions (RFC 6120 §6.5). */
export type SaslCondition =
  | 'aborted'
  | 'account-disabled'
  | 'credentials-expired'
  | 'encryption-required'
  | 'incorrect-encoding'
  | 'invalid-authzid'
  | 'invalid-mechanism'
  | 'malformed-request'
  | 'mechanism-too-weak'
  | 'not-authorized'
  | 'temporary-auth-failure';

/** One step of an exchange: the server's next word, or its end. */
export type SaslStep =
  | { kind: 'challenge'; data: string }
  | {
      kind: 'success';
      username: string;
      principal: unknown;
      data?: string | Buffer;
      /** Of a log-in by token (XEP-0484). */
      token?: { expiresAt: Date };
    }
  | { kind: 'failure'; condition: SaslCondition };

/** One attempt with one mechanism. Payloads are what they mean: base64 belongs to the profile, not to the mechanism. */
export interface SaslExchange {
  /** @param payload decoded; undefined only for an `<auth/>` without an initial response */
  respond(payload: Buffer | undefined): Promise<SaslStep> | SaslStep;
}

export function failure(condition: SaslCondition): SaslStep {
  return { kind: 'failure', condition };
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Decodes strictly: anything outside canonical base64 is incorrect-encoding (RFC 6120 §6.5.5). */
export function decodeBase64(text: string): Buffer | undefined {
  return BASE64.test(text) ? Buffer.from(text, 'base64') : undefined;
}

export function encodeBase64(data: string | Buffer): string {
  return (typeof data === 'string' ? Buffer.from(data) : data).toString('base64');
}
