import type { CloseCause, PeerInfo } from '../hooks.js';
import type { RequestLink } from '../stream/connection.js';
import type { Framing, HeaderAttributes } from '../stream/framing.js';
import type { Wire, WireListener } from '../stream/wire.js';
import type { BoshLimits } from './bosh-limits.js';
import { boshFraming } from './bosh-framing.js';
import { introduce } from './introduction.js';
import { KeySequence } from './key-sequence.js';
import { Polling } from './polling.js';
import { type BoshRequest, RequestQueue, type Answer } from './request-queue.js';
import { bodyOf, type BoshResponse, terminal, type TerminalCondition } from './response.js';
import { SessionOutput } from './session-output.js';
import { parseCount, parseRid, type SessionTerms } from './session-terms.js';

const NOTHING = Buffer.alloc(0);
const REPORT_AFTER_MS = 2_000;

export interface SessionOwner {
  readonly limits: BoshLimits;
  readonly sweepIntervalMs: number;
  forget(session: BoshSession): void;
}

/**
 * One stream over many requests (XEP-0124). What the client sends is read in the order of its request ids; what the server writes goes out with
 * the oldest request that is open, and waits when there is none.
 */
export class BoshSession implements Wire, RequestLink {
  readonly framing: Framing = boshFraming((header) => (this.header = header));
  private listener!: WireListener;
  private readonly queue: RequestQueue;
  private readonly keys = new KeySequence();
  private readonly polling: Polling;
  private readonly output = new SessionOutput();
  private header: HeaderAttributes | undefined;
  private inputPaused = false;
  private settling = false;
  /** A response that the client seems to have missed (XEP-0124 §9.2). */
  private report: { report: number; time: number } | undefined;
  /** Nobody waits for an answer since then, in ms; 0 while somebody does. */
  private idleSince = Date.now();
  private inactivityMs: number;
  private farewell: { condition: TerminalCondition | undefined; payload: string } | undefined;
  private gone = false;

  constructor(
    readonly id: string,
    private readonly terms: SessionTerms,
    private readonly peer: PeerInfo,
    private readonly owner: SessionOwner,
  ) {
    this.queue = new RequestQueue(terms.firstRid, terms.requests);
    this.polling = new Polling(terms, owner.limits.pollingSeconds * 1000);
    this.inactivityMs = owner.limits.inactivitySeconds * 1000;
  }

  open(listener: WireListener): Wire {
    this.listener = listener;
    return this;
  }

  /** A request of this session came, whole. */
  onRequest(request: BoshRequest): void {
    if (this.farewell) return this.part([request]);
    const again = this.queue.waiting(request.rid);
    if (again) return this.revive(again, request);
    const kept = this.queue.answerTo(request.rid);
    if (kept) return request.answer?.(kept.response);
    if (!this.queue.expects(request.rid)) return this.fail('item-not-found', request);
    if (this.queue.size >= this.terms.requests + (pausesOrEnds(request) ? 1 : 0))
      return this.fail('policy-violation', request);
    for (const next of this.queue.take(request)) if (!this.farewell) this.process(next);
    this.settleSoon();
  }

  /** The HTTP connection under a request is gone; the client may send the request again. */
  onUnreadable(answer: Answer): void {
    const request = this.queue.awaiting(answer);
    if (!request) return;
    request.answer = undefined;
    this.noteIdleness();
  }

  /** Ends the session for what the client did (XEP-0124 §17.2). */
  fail(condition: TerminalCondition, request: BoshRequest): void {
    if (this.farewell) return this.part([request]);
    this.farewell = { condition, payload: '' };
    this.part([request, ...this.queue.clear()]);
  }

  /** `now` in ms. */
  sweep(now: number): void {
    const { sweepIntervalMs } = this.owner;
    const patience = this.terms.polls ? sweepIntervalMs : this.terms.wait * 1000 - sweepIntervalMs;
    // What this turn brings is still to go with the answer.
    const due = ({ arrivedAt }: BoshRequest): boolean => !this.settling && now - arrivedAt >= patience;
    while (this.queue.held[0] && due(this.queue.held[0])) this.answerFirst();
    if (this.idleSince > 0 && now - this.idleSince >= this.inactivityMs) this.destroy();
  }

  write(pieces: readonly string[]): boolean {
    this.output.add(pieces);
    this.settleSoon();
    return !this.output.congested;
  }

  get pendingBytes(): number {
    return this.output.length;
  }

  pauseInput(): void {
    this.inputPaused = true;
  }

  resumeInput(): void {
    this.inputPaused = false;
    this.settleSoon();
  }

  /** Says why with the next answer, or when the client asks. */
  end(cause: CloseCause): void {
    if (this.farewell) return;
    this.farewell = this.output.last(cause);
    const open = this.queue.clear();
    if (open.some(({ answer }) => answer)) this.part(open);
  }

  destroy(): void {
    if (this.gone) return;
    this.farewell ??= { condition: undefined, payload: '' };
    this.part(this.queue.clear());
  }

  /** Answers the last requests: what is left to say with the first that somebody reads. */
  private part(requests: readonly BoshRequest[]): void {
    let { condition, payload } = this.farewell!;
    for (const { answer } of requests) {
      answer?.(terminal(condition, payload, this.terms));
      if (answer) payload = '';
    }
    if (this.gone) return;
    this.gone = true;
    this.owner.forget(this);
    this.listener.onGone();
  }

  private process(request: BoshRequest): void {
    const { attrs } = request.tag;
    this.idleSince = 0;
    this.inactivityMs = this.owner.limits.inactivitySeconds * 1000;
    if (!this.keys.accept(attrs)) return this.fail('item-not-found', request);
    if (this.polling.isTooOften(request, this.queue.held.length))
      return this.fail('policy-violation', request);
    this.readAcknowledgement(request);
    this.listener.onInput(request.raw);
    request.raw = NOTHING;
    if (attrs['pause'] !== undefined && !this.farewell) this.pause(request);
    this.noteIdleness();
  }

  /** Answers everything at once, this request without payload, and allows a longer silence (XEP-0124 §10). */
  private pause(request: BoshRequest): void {
    const seconds = parseCount(request.tag.attrs['pause'], 0);
    if (seconds === undefined) return this.fail('bad-request', request);
    if (seconds > this.owner.limits.maxPauseSeconds) return this.fail('policy-violation', request);
    while (this.queue.held.length > 1) this.answerFirst();
    this.inactivityMs = seconds * 1000;
    this.queue.held.pop();
    request.answer?.(this.response(request.rid, ''));
  }

  private readAcknowledgement({ tag, arrivedAt }: BoshRequest): void {
    const acknowledged = this.terms.acknowledges ? parseRid(tag.attrs['ack']) : undefined;
    if (acknowledged === undefined || tag.attrs['sid'] === undefined) return;
    this.queue.release(acknowledged);
    const missing = this.queue.answerTo(acknowledged + 1);
    if (missing && arrivedAt - missing.sentAt >= REPORT_AFTER_MS)
      this.report = { report: acknowledged + 1, time: arrivedAt - missing.sentAt };
  }

  /** The same request over a new HTTP connection. */
  private revive(held: BoshRequest, { answer, arrivedAt }: BoshRequest): void {
    held.answer?.(this.response(held.rid, ''));
    held.answer = answer;
    held.arrivedAt = arrivedAt;
    this.idleSince = 0;
    this.settleSoon();
  }

  /** After what this turn of the event loop brings, so that answers go with what they answer. */
  private settleSoon(): void {
    if (this.settling) return;
    this.settling = true;
    setImmediate(() => {
      this.settling = false;
      if (!this.farewell) this.settle();
    });
  }

  private settle(): void {
    // While input has to wait, so have the requests that bring it; but output that piled up has to leave.
    const mayAnswer = (): boolean => this.queue.isOpen && (!this.inputPaused || this.output.congested);
    while (this.output.length > 0 && mayAnswer()) this.answerFirst();
    while (this.queue.held.length > this.hold && !this.inputPaused) this.answerFirst();
    if (this.report && mayAnswer()) this.answerFirst();
    if (this.output.relieved()) this.listener.onDrained();
  }

  private get hold(): number {
    return this.terms.polls ? 0 : this.terms.hold;
  }

  /** Answers the oldest request. One that nobody reads gets nothing while another can take it. */
  private answerFirst(): void {
    const request = this.queue.held.shift()!;
    const payload = request.answer || !this.queue.isOpen ? this.output.take() : '';
    const response = this.response(request.rid, payload);
    this.queue.keep(request.rid, response, Date.now());
    this.polling.onAnswered(payload);
    request.answer?.(response);
    this.idleSince = 0;
    this.noteIdleness();
  }

  private response(rid: number, payload: string): BoshResponse {
    const { report, terms } = this;
    this.report = undefined;
    const ack = this.queue.last === rid ? undefined : this.queue.last;
    const body =
      rid === terms.firstRid
        ? introduce(this, { terms, limits: this.owner.limits, peer: this.peer, header: this.header }, payload)
        : bodyOf({ ack, ...report }, payload);
    return { status: 200, contentType: terms.contentType, body };
  }

  private noteIdleness(): void {
    if (this.queue.isOpen) this.idleSince = 0;
    else if (this.idleSince === 0) this.idleSince = Date.now();
  }
}

const pausesOrEnds = ({ tag: { attrs } }: BoshRequest): boolean =>
  attrs['pause'] !== undefined || attrs['type'] === 'terminate';
