import { NS } from '../stream/namespaces.js';
import { StreamFault } from '../stream/stream-error.js';
import type { OutboundQueue, SettledHandler } from '../session/outbound-queue.js';

const WRAP = 2 ** 32;

export const smFeature = `<sm xmlns='${NS.sm}'/>`;
export const ackRequest = `<r xmlns='${NS.sm}'/>`;

export function smFailed(condition: string, handled?: number): string {
  const h = handled === undefined ? '' : ` h='${handled % WRAP}'`;
  return `<failed xmlns='${NS.sm}'${h}><${condition} xmlns='${NS.stanzaErrors}'/></failed>`;
}

/** `h` as an unsigned 32-bit number, or undefined. */
export function parseHandled(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const h = Number(text);
  return h < WRAP ? h : undefined;
}

/** The counters of one session's stream management (XEP-0198 §4, §5). */
export class StreamManagement {
  /** Stanzas from the client that were taken. */
  inbound: number;
  /** Those of them that are not done with: another server has to be sent them again. */
  underWay = 0;
  private readonly base: number;
  private acknowledged: number;
  private requestedUpTo: number;
  private requestOutstanding = false;

  /** @param id names the session for resumption; undefined when the client did not ask for that */
  constructor(
    readonly id: string | undefined,
    private readonly queue: OutboundQueue,
    counts = { handled: 0, acknowledged: 0 },
  ) {
    this.inbound = counts.handled;
    this.acknowledged = counts.acknowledged;
    this.base = queue.nextSequence - counts.acknowledged;
    this.requestedUpTo = queue.nextSequence;
  }

  get handled(): number {
    return this.inbound - this.underWay;
  }

  /** Stanzas of ours. */
  get acknowledgedCount(): number {
    return this.acknowledged;
  }

  /** The number of the first stanza of ours that is not acknowledged. */
  get firstUnacknowledged(): number {
    return this.base + this.acknowledged;
  }

  /** By how many stanzas `h` is more than was sent. */
  beyond(h: number): number {
    const sent = this.queue.nextSequence - this.base;
    return this.acknowledged + this.moreThanKnown(h) - sent;
  }

  enabled(resumeSeconds: number): string {
    const resumption = this.id === undefined ? '' : ` id='${this.id}' resume='true' max='${resumeSeconds}'`;
    return `<enabled xmlns='${NS.sm}'${resumption}/>`;
  }

  answer(): string {
    return `<a xmlns='${NS.sm}' h='${this.inbound % WRAP}'/>`;
  }

  resumed(): string {
    return `<resumed xmlns='${NS.sm}' h='${this.inbound % WRAP}' previd='${this.id}'/>`;
  }

  /** The client handled `h` stanzas. What was written before management began arrived before them. @throws StreamFault */
  onAcknowledged(h: number, settled: SettledHandler): void {
    if (this.beyond(h) > 0) throw handledCountTooHigh(h, this.queue.nextSequence - this.base);
    this.acknowledged += this.moreThanKnown(h);
    this.queue.dropBefore(this.base + this.acknowledged, settled);
  }

  onAnswer(): void {
    this.requestOutstanding = false;
  }

  /** How far `h` goes beyond what was acknowledged before; it wraps at 2^32. */
  private moreThanKnown(h: number): number {
    return (h - (this.acknowledged % WRAP) + WRAP) % WRAP;
  }

  /** One request behind a burst, and none while one is unanswered. */
  takeRequest(): boolean {
    if (this.requestOutstanding || this.requestedUpTo === this.queue.nextSequence) return false;
    this.requestOutstanding = true;
    this.requestedUpTo = this.queue.nextSequence;
    return true;
  }

  /** The client answered the last request, and yet did not count everything before it. */
  get fellShort(): boolean {
    return (
      !this.requestOutstanding && this.requestedUpTo === this.queue.nextSequence && this.queue.length > 0
    );
  }

  /** Starts over on a new connection: what has not arrived is written again, and the count goes on from there. */
  onResumed(): void {
    this.queue.dropAllSettled();
    this.requestOutstanding = false;
    this.requestedUpTo = this.base + this.acknowledged;
  }
}

function handledCountTooHigh(h: number, sent: number): StreamFault {
  const extension = `<handled-count-too-high xmlns='${NS.sm}' h='${h}' send-count='${sent % WRAP}'/>`;
  return new StreamFault('undefined-condition', `acknowledged ${h} of ${sent} stanzas`, extension);
}
