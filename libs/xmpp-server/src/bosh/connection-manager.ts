import { randomBytes } from 'node:crypto';
import type { PeerInfo } from '../hooks.js';
import type { ServerContext } from '../server-context.js';
import type { RequestLink } from '../stream/connection.js';
import { StreamFault } from '../stream/stream-error.js';
import type { BoshLimits } from './bosh-limits.js';
import { BoshSession, type SessionOwner } from './bosh-session.js';
import { peekBody } from './body-tag.js';
import type { Answer, BoshRequest } from './request-queue.js';
import { type BoshResponse, terminal, type TerminalCondition } from './response.js';
import { agreeOnTerms, parseRid, type SessionTerms } from './session-terms.js';

/** Bytes of a start tag: enough to see whose request it is, however long the request. */
const START = 4096;

/** How a request's sender is dealt with by whoever has its HTTP connection. */
export interface BoshGate {
  /** Aborts when nobody can read the answer any more. */
  readonly gone: AbortSignal;
  /** Asked when a session is to begin. @returns what to call when it has ended; undefined: there is no room for it */
  readonly admit?: () => (() => void) | undefined;
}

/** The sessions of clients that come by HTTP requests (XEP-0124's connection manager). */
export class ConnectionManager implements SessionOwner {
  private readonly sessions = new Map<string, BoshSession>();
  private readonly onEnded = new Map<BoshSession, () => void>();

  /** @param attach takes over a new session as a connection */
  constructor(
    private readonly context: Pick<ServerContext, 'options' | 'parsers'>,
    private readonly attach: (link: RequestLink, peer: PeerInfo) => void,
  ) {}

  get limits(): BoshLimits {
    return this.context.options.limits.bosh;
  }

  get sweepIntervalMs(): number {
    return this.context.options.limits.sweepIntervalMs;
  }

  /**
   * Takes a request, and answers when there is something to say, or when the client would not wait longer.
   * @returns undefined when nobody could read it any more
   */
  handle(body: Buffer, peer: PeerInfo, gate: BoshGate): Promise<BoshResponse | undefined> {
    const { gone } = gate;
    return new Promise((resolve) => {
      const onGone = (): void => {
        session?.onUnreadable(answer);
        resolve(undefined);
      };
      const answer: Answer = (response) => {
        gone.removeEventListener('abort', onGone);
        resolve(response);
      };
      gone.addEventListener('abort', onGone, { once: true });
      const session = this.take(body, answer, (request) => this.begin(request, peer, gate));
      if (gone.aborted) onGone();
    });
  }

  forget(session: BoshSession): void {
    this.sessions.delete(session.id);
    this.onEnded.get(session)?.();
    this.onEnded.delete(session);
  }

  sweep(now: number): void {
    for (const session of this.sessions.values()) session.sweep(now);
  }

  private take(
    body: Buffer,
    answer: Answer,
    begin: (request: BoshRequest) => BoshSession | undefined,
  ): BoshSession | undefined {
    const request = this.read(body, answer);
    if (!request) {
      answer(terminal('bad-request'));
      return undefined;
    }
    const { sid } = request.tag.attrs;
    const session = sid === undefined ? begin(request) : this.sessions.get(sid);
    if (session && body.length > this.limits.bodyBytes) session.fail('policy-violation', request);
    else if (session) session.onRequest(request);
    else if (sid !== undefined) answer(terminal('item-not-found'));
    return session;
  }

  private begin(request: BoshRequest, peer: PeerInfo, { admit }: BoshGate): BoshSession | undefined {
    const refuse = (condition: TerminalCondition, terms?: SessionTerms): undefined => {
      request.answer?.(terminal(condition, '', terms));
    };
    const terms = agreeOnTerms(request.tag, this.limits);
    if (!terms) return refuse('bad-request');
    if (!request.tag.attrs['to']) return refuse('improper-addressing', terms);
    const onEnded = admit ? admit() : () => {};
    if (!onEnded) return refuse('policy-violation', terms);
    const session = new BoshSession(randomBytes(18).toString('base64url'), terms, peer, this);
    this.sessions.set(session.id, session);
    this.onEnded.set(session, onEnded);
    this.attach(session, peer);
    return session;
  }

  /** undefined for what is no body with a request id. */
  private read(raw: Buffer, answer: Answer): BoshRequest | undefined {
    const tooLong = raw.length > this.limits.bodyBytes;
    try {
      const { tag, empty } = peekBody(tooLong ? raw.subarray(0, START) : raw, this.context.parsers.bare);
      const rid = parseRid(tag.attrs['rid']);
      if (rid === undefined) return undefined;
      return { rid, tag, empty, raw, arrivedAt: Date.now(), answer };
    } catch (error) {
      if (error instanceof StreamFault) return undefined;
      throw error;
    }
  }
}
