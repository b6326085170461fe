import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ConnectRequest } from '../client.js';
import type { RefusalReason } from '../reason-codes.js';
import type {
  AuthenticationExchange,
  AuthenticationMethod,
  AuthenticationStep,
} from './authentication-method.js';
import { parseClientFinal, parseClientFirst, type ClientFirst } from './scram-messages.js';

/** What a server keeps of a password (RFC 5802 §3): nobody can log in with it. */
export interface ScramCredentials {
  salt: Buffer;
  iterations: number;
  storedKey: Buffer;
  serverKey: Buffer;
  principal: unknown;
  /** Instead of the client identifier sent. */
  clientId?: string;
  /** Why the user is not let in although the password is right; nobody learns of it without. */
  refusal?: RefusalReason | undefined;
}

export type ScramLookup = ScramCredentials | undefined | 'unavailable';

export interface ScramOptions {
  /**
   * Makes salts for unknown users, always the same: the first bytes of HMAC-SHA-256 over `SCRAM-SHA-256`, NUL and the name. Give it to
   * every server that shows the salts of the same users: salts that differ between two of them would tell who is not there.
   */
  decoySecret?: Buffer;
  /** Should be those of the users there are (default 4096). */
  decoyIterations?: (username: string) => number;
  /** Bytes, likewise (default 16). */
  decoySaltLength?: number;
  /** The server's part of the nonce; random unless a test says otherwise. */
  nonce?: () => string;
}

const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();
const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

const wrong: AuthenticationStep = { kind: 'failure', reason: 'bad-credentials' };
/** No SCRAM message, or one that asks for what is not there. */
const unfit: AuthenticationStep = { kind: 'failure', reason: 'not-authorized' };

/**
 * SCRAM-SHA-256 without channel binding (RFC 5802, RFC 7677). A user who is not there gets a salt too, and fails as late
 * and in the same way as one with a wrong password.
 */
export class ScramSha256 implements AuthenticationMethod {
  readonly name = 'SCRAM-SHA-256';
  readonly decoySecret: Buffer;
  readonly nonce: () => string;

  constructor(
    readonly lookup: (username: string, request: ConnectRequest) => ScramLookup | Promise<ScramLookup>,
    private readonly options: ScramOptions = {},
  ) {
    this.decoySecret = options.decoySecret ?? randomBytes(32);
    this.nonce = options.nonce ?? (() => randomBytes(18).toString('base64'));
  }

  begin(request: ConnectRequest): AuthenticationExchange {
    return new ScramExchange(this, request);
  }

  decoy(username: string): Pick<ScramCredentials, 'salt' | 'iterations'> {
    const { decoyIterations = () => 4096, decoySaltLength = 16 } = this.options;
    return {
      salt: hmac(this.decoySecret, `${this.name}\0${username}`).subarray(0, decoySaltLength),
      iterations: decoyIterations(username),
    };
  }
}

interface Challenge {
  first: ClientFirst;
  credentials: ScramCredentials | undefined;
  nonce: string;
  serverFirst: string;
}

class ScramExchange implements AuthenticationExchange {
  private challenge: Challenge | undefined;

  constructor(
    private readonly method: ScramSha256,
    private readonly request: ConnectRequest,
  ) {}

  respond(data: Buffer | undefined): AuthenticationStep | Promise<AuthenticationStep> {
    // RFC 5802 lets the client speak first; one that sent no data is asked for them.
    if (this.challenge) return this.finish(this.challenge, data);
    return data === undefined ? { kind: 'continue', data: Buffer.alloc(0) } : this.start(data);
  }

  private async start(data: Buffer): Promise<AuthenticationStep> {
    const first = parseClientFirst(data);
    if (!first) return unfit;
    if (first.authorizationId !== '' && first.authorizationId !== first.username) return unfit;
    const found = await this.method.lookup(first.username, this.request);
    if (found === 'unavailable') return { kind: 'failure', reason: 'server-unavailable' };
    const { salt, iterations } = found ?? this.method.decoy(first.username);
    const nonce = first.nonce + this.method.nonce();
    const serverFirst = `r=${nonce},s=${salt.toString('base64')},i=${iterations}`;
    this.challenge = { first, credentials: found, nonce, serverFirst };
    return { kind: 'continue', data: Buffer.from(serverFirst) };
  }

  private finish(
    { first, credentials, nonce, serverFirst }: Challenge,
    data: Buffer | undefined,
  ): AuthenticationStep {
    const final = parseClientFinal(data);
    if (!final || final.binding !== first.gs2Header) return unfit;
    if (final.nonce !== nonce) return wrong;
    const transcript = `${first.bare},${serverFirst},${final.withoutProof}`;
    const storedKey = credentials?.storedKey ?? sha256(this.method.decoySecret);
    const proven = proves(final.proof, storedKey, transcript);
    if (!credentials || !proven) return wrong;
    if (credentials.refusal) return { kind: 'failure', reason: credentials.refusal };
    const signature = hmac(credentials.serverKey, transcript).toString('base64');
    const { principal, clientId } = credentials;
    return {
      kind: 'success',
      username: first.username,
      principal,
      clientId,
      data: Buffer.from(`v=${signature}`),
    };
  }
}

/** H(ClientProof XOR HMAC(StoredKey, AuthMessage)) has to be StoredKey (RFC 5802 §3). */
function proves(proof: Buffer, storedKey: Buffer, transcript: string): boolean {
  const clientKey = hmac(storedKey, transcript);
  if (proof.length !== clientKey.length || storedKey.length !== clientKey.length) return false;
  for (let i = 0; i < clientKey.length; i++) clientKey[i]! ^= proof[i]!;
  return timingSafeEqual(sha256(clientKey), storedKey);
}
