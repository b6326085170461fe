import type { BodyTag } from './body-tag.js';
import type { BoshResponse } from './response.js';

/** Gives an answer to whoever waits for it over HTTP. */
export type Answer = (response: BoshResponse) => void;

export interface BoshRequest {
  rid: number;
  tag: BodyTag;
  /** It carries nothing. */
  empty: boolean;
  raw: Buffer;
  /** In ms. */
  arrivedAt: number;
  /** undefined once its HTTP connection is gone: the client may send the request again. */
  answer: Answer | undefined;
}

interface Answered {
  response: BoshResponse;
  sentAt: number;
}

/** The requests of one session, by their ids: those that came early, those that wait for an answer, and the last answers (XEP-0124 §14). */
export class RequestQueue {
  /** In order, unanswered. */
  readonly held: BoshRequest[] = [];
  /** The highest id up to which none is missing. */
  last: number;
  private readonly early = new Map<number, BoshRequest>();
  private readonly answered = new Map<number, Answered>();

  constructor(
    firstRid: number,
    private readonly requests: number,
  ) {
    this.last = firstRid - 1;
  }

  /** Unanswered ones. */
  get size(): number {
    return this.held.length + this.early.size;
  }

  /** Within what may come now. */
  expects(rid: number): boolean {
    return rid > this.last && rid <= this.last + this.requests;
  }

  /** Adds a new request. @returns those that are next in order now */
  *take(request: BoshRequest): Generator<BoshRequest> {
    this.early.set(request.rid, request);
    for (let next = this.early.get(this.last + 1); next; next = this.early.get(this.last + 1)) {
      this.early.delete(next.rid);
      this.last = next.rid;
      this.held.push(next);
      yield next;
    }
  }

  /** A request that came before and still waits, also one that came early. */
  waiting(rid: number): BoshRequest | undefined {
    return this.early.get(rid) ?? this.held.find((request) => request.rid === rid);
  }

  /** The request whose answer that would be. */
  awaiting(answer: Answer): BoshRequest | undefined {
    return [...this.held, ...this.early.values()].find((request) => request.answer === answer);
  }

  /** Whether anybody would read an answer now. */
  get isOpen(): boolean {
    return this.held.some(({ answer }) => answer !== undefined);
  }

  /** The answer to a request that comes a second time; undefined when it is not kept any more. */
  answerTo(rid: number): Answered | undefined {
    return this.answered.get(rid);
  }

  /** The highest id that was answered; undefined before the first. */
  get lastAnswered(): number | undefined {
    return [...this.answered.keys()].at(-1);
  }

  /** The client has the answers up to there. */
  release(rid: number): void {
    for (const old of this.answered.keys()) if (old <= rid) this.answered.delete(old);
  }

  keep(rid: number, response: BoshResponse, sentAt: number): void {
    this.answered.set(rid, { response, sentAt });
    const surplus = this.answered.size - this.requests;
    for (const old of [...this.answered.keys()].slice(0, Math.max(0, surplus))) this.answered.delete(old);
  }

  /** Takes every request out, in order. */
  clear(): BoshRequest[] {
    const early = [...this.early.values()].sort((a, b) => a.rid - b.rid);
    this.early.clear();
    return [...this.held.splice(0), ...early];
  }
}
