import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import { prepareLocal } from '../jid/jid.js';
import type { ScramCredentials, ScramLookup, ScramMechanism } from '../hooks.js';
import { isOwnIdentity } from './plain.js';
import type { ChannelBindings } from './channel-binding.js';
import {
  decodeBase64,
  failure,
  type SaslCondition,
  type SaslExchange,
  type SaslStep,
} from './sasl-failure.js';

const DIGESTS: Record<ScramMechanism, string> = { 'SCRAM-SHA-1': 'sha1', 'SCRAM-SHA-256': 'sha256' };

export interface ScramContext {
  domain: string;
  mechanism: ScramMechanism;
  /** Whether the -PLUS form was chosen. */
  plus: boolean;
  bindings: ChannelBindings;
  /** Makes the salts of unknown users look like those of known ones, and stable. */
  decoySecret: Buffer;
  decoyIterations(username: string): number;
  lookup(username: string): Promise<ScramLookup>;
}

interface ClientFirst {
  gs2Header: string;
  /** `n`: knows no channel binding; `y`: saw none on offer; `p`: binds. */
  flag: string;
  bindingType: string;
  authzid: string;
  bare: string;
  username: string;
  nonce: string;
}

interface Pending {
  username: string;
  /** What `c=` has to be: the header, and behind it the channel binding's data. */
  bound: Buffer;
  nonce: string;
  transcript: string;
  credentials: ScramCredentials | undefined;
}

/** SCRAM with and without channel binding (RFC 5802, RFC 7677). An unknown user fails as late, and with the same words, as a wrong password. */
export class ScramExchange implements SaslExchange {
  private pending: Pending | undefined;

  constructor(private readonly context: ScramContext) {}

  respond(payload: Buffer | undefined): Promise<SaslStep> | SaslStep {
    if (payload === undefined) return { kind: 'challenge', data: '' };
    if (!isUtf8(payload)) return failure('malformed-request');
    const text = payload.toString('utf8');
    return this.pending ? this.clientFinal(text, this.pending) : this.clientFirst(text);
  }

  private clientFirst(text: string): Promise<SaslStep> | SaslStep {
    const first = parseClientFirst(text);
    if (!first) return failure('malformed-request');
    const fault = this.bindingFault(first);
    if (fault) return failure(fault);
    const username = prepareLocal(first.username);
    if (username === undefined) return failure('not-authorized');
    if (!isOwnIdentity(first.authzid, username, this.context.domain)) return failure('invalid-authzid');
    return this.serverFirst(first, username);
  }

  /**
   * Whether the client binds as the mechanism says, and was not made to believe that it could not (RFC 5802 §6). Nothing was guessed yet, so
   * clients should not take it for a wrong password.
   * COMPAT: slixmpp 1.8 asks for tls-unique over TLS 1.3 too, and goes on with other mechanisms.
   */
  private bindingFault({ flag, bindingType }: ClientFirst): SaslCondition | undefined {
    const { plus, bindings } = this.context;
    if ((flag === 'p') !== plus) return 'malformed-request';
    if (plus) return bindings.data(bindingType) ? undefined : 'malformed-request';
    return flag === 'y' && bindings.types.length > 0 ? 'mechanism-too-weak' : undefined;
  }

  private async serverFirst(first: ClientFirst, username: string): Promise<SaslStep> {
    const found = await this.context.lookup(username);
    if (found === 'unavailable') return failure('temporary-auth-failure');
    const { salt, iterations } = found ?? this.decoy(username);
    const nonce = first.nonce + randomBytes(18).toString('base64');
    const message = `r=${nonce},s=${salt.toString('base64')},i=${iterations}`;
    const transcript = `${first.bare},${message}`;
    const data = this.context.plus ? this.context.bindings.data(first.bindingType)! : Buffer.alloc(0);
    const bound = Buffer.concat([Buffer.from(first.gs2Header), data]);
    this.pending = { username, bound, nonce, transcript, credentials: found };
    return { kind: 'challenge', data: message };
  }

  private decoy(username: string): { salt: Buffer; iterations: number } {
    const { decoySecret, mechanism } = this.context;
    const salt = createHmac('sha256', decoySecret)
      .update(`${mechanism}\0${username}`)
      .digest()
      .subarray(0, 16);
    return { salt, iterations: this.context.decoyIterations(username) };
  }

  private clientFinal(text: string, pending: Pending): SaslStep {
    const match = /^(c=([^,]*),r=([^,]*)(?:,[A-Za-ln-z]=[^,]*)*),p=([^,]*)$/.exec(text);
    if (!match) return failure('malformed-request');
    const [, withoutProof, binding, nonce, proofText] = match as unknown as [
      string,
      string,
      string,
      string,
      string,
    ];
    const proof = decodeBase64(proofText);
    const claimed = decodeBase64(binding);
    if (!proof || !claimed) return failure('malformed-request');
    if (!claimed.equals(pending.bound))
      return failure(this.context.plus ? 'not-authorized' : 'malformed-request');
    if (nonce !== pending.nonce) return failure('not-authorized');
    return this.verify(pending, `${pending.transcript},${withoutProof}`, proof);
  }

  private verify(pending: Pending, authMessage: string, proof: Buffer): SaslStep {
    const digest = DIGESTS[this.context.mechanism];
    const { credentials } = pending;
    const storedKey = credentials?.storedKey ?? createHash(digest).update(this.context.decoySecret).digest();
    const matches = proofMatches(digest, storedKey, authMessage, proof); // as long for a user that does not exist
    if (!credentials || !matches) return failure('not-authorized');
    const signature = createHmac(digest, credentials.serverKey).update(authMessage).digest('base64');
    return {
      kind: 'success',
      username: pending.username,
      principal: credentials.principal,
      data: `v=${signature}`,
    };
  }
}

/** H(ClientProof XOR HMAC(StoredKey, AuthMessage)) must be StoredKey (RFC 5802 §3). */
function proofMatches(digest: string, storedKey: Buffer, authMessage: string, proof: Buffer): boolean {
  const clientKey = createHmac(digest, storedKey).update(authMessage).digest();
  if (proof.length !== clientKey.length) return false;
  for (let i = 0; i < clientKey.length; i++) clientKey[i]! ^= proof[i]!;
  return timingSafeEqual(createHash(digest).update(clientKey).digest(), storedKey);
}

/** `gs2-header client-first-bare` (RFC 5802 §7). A mandatory extension (`m=`) is refused. */
function parseClientFirst(text: string): ClientFirst | undefined {
  const match =
    /^((n|y|p)(?:(?<=p)=([A-Za-z0-9.-]{1,64})|(?<!p)),(?:a=([^,]*))?,)(n=([^,]*),r=([\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-z]=[^,]*)*)$/.exec(
      text,
    );
  if (!match) return undefined;
  const [, gs2Header, flag, bindingType = '', rawAuthzid, bare, rawName, nonce] = match;
  const username = decodeSaslName(rawName!);
  const authzid = decodeSaslName(rawAuthzid ?? '');
  if (username === undefined || authzid === undefined || username === '') return undefined;
  return { gs2Header: gs2Header!, flag: flag!, bindingType, authzid, bare: bare!, username, nonce: nonce! };
}

function decodeSaslName(name: string): string | undefined {
  if (/=(?!2C|3D)/.test(name)) return undefined;
  return name.replace(/=2C/g, ',').replace(/=3D/g, '=');
}
