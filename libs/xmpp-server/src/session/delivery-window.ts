import type { AcknowledgedVia } from '../hooks.js';
import { ackRequest, StreamManagement } from '../features/xep-0198-stream-management.js';
import { PingFence } from '../features/xep-0199-ping.js';
import { OutboundQueue, type Sent } from './outbound-queue.js';

export interface StoredCounts {
  /** Stanzas from the client. */
  handled: number;
  /** Stanzas of ours. */
  acknowledged: number;
  /** Those that follow. */
  sent: readonly Sent[];
}

export type AcknowledgedHandler = (cookie: unknown, via: AcknowledgedVia) => void;

/** Deliveries under way, and the means by which their arrival is proved. */
export class DeliveryWindow {
  management: StreamManagement | undefined;
  private readonly queue = new OutboundQueue();
  private fence: PingFence | undefined;
  /** The client answers each delivery by itself, so that fences are only for what it leaves out. */
  private answersByItself = false;
  private sweptUpTo = 0;

  constructor(private readonly acknowledged: AcknowledgedHandler) {}

  get pending(): number {
    return this.queue.pending;
  }

  get cookies(): unknown[] {
    return this.queue.cookies;
  }

  /** Stanzas kept for resending beside deliveries. */
  get queuedReplies(): number {
    return this.queue.length - this.queue.pending;
  }

  /** Their characters. */
  get queuedReplyLength(): number {
    return this.queue.replyLength;
  }

  /** What the client has not acknowledged, in order. */
  get sent(): Sent[] {
    return this.management ? this.queue.sentSince(this.management.firstUnacknowledged) : [];
  }

  addDelivery(id: string, cookie: unknown, stanza: string): void {
    this.queue.addDelivery(id, cookie, this.management && stanza);
  }

  /** Counts a stanza that is no delivery. */
  addReply(stanza: string): void {
    if (this.management) this.queue.addStanza(stanza);
  }

  /** @param id for resumption; undefined when the client did not ask for it */
  enableManagement(id: string | undefined): StreamManagement {
    return (this.management = new StreamManagement(id, this.queue));
  }

  /**
   * Goes on with what another server counted. A client that had handled more than that server could still write down is believed, up to
   * `slack` stanzas: what they were is not known any more.
   */
  restore(id: string, { handled, acknowledged, sent }: StoredCounts, h: number, slack: number): void {
    this.management = new StreamManagement(id, this.queue, { handled, acknowledged });
    this.queue.restore(sent);
    const unknown = this.management.beyond(h);
    if (unknown > 0 && unknown <= slack)
      this.queue.restore(Array.from({ length: unknown }, () => 0 as const));
  }

  /** By receipt or IQ result. */
  acknowledgeById(id: string, via: AcknowledgedVia): boolean {
    const known = this.queue.settle(id, this.management !== undefined, (cookie) =>
      this.acknowledged(cookie, via),
    );
    if (known) this.answersByItself = true;
    return known;
  }

  /** The client handled `h` stanzas. @throws StreamFault */
  acknowledgeCount(h: number): void {
    this.management?.onAcknowledged(h, (cookie) => this.acknowledged(cookie, 'sm'));
  }

  /** True when the answer was to a fence. */
  passFence(id: string): boolean {
    const sequence = this.fence?.pass(id);
    if (sequence === undefined) return false;
    const settled = (cookie: unknown): void => this.acknowledged(cookie, 'ping');
    if (this.management) this.queue.settleBefore(sequence, settled);
    else this.queue.dropBefore(sequence, settled);
    return true;
  }

  /** The request for acknowledgement that is due behind what was just written; `fence` is the id of one to send. */
  nextProof(): { request: string } | { fence: string } | undefined {
    if (this.queue.pending === 0) return undefined;
    if (this.management) return this.management.takeRequest() ? { request: ackRequest } : undefined;
    return this.answersByItself ? undefined : this.raiseFence();
  }

  /**
   * The fence that is due when a sweep finds deliveries without proof: those that stood here at the last sweep already, from a client that
   * else sends receipts; and those that an answered request did not reach.
   * COMPAT: @xmpp/client 0.14 zeroes its count a moment after `<enabled/>`, so that it may stay short for ever.
   */
  fallbackProof(): { fence: string } | undefined {
    const { firstSequence, nextSequence, pending } = this.queue;
    const overdue = this.management ? this.management.fellShort : firstSequence < this.sweptUpTo;
    this.sweptUpTo = nextSequence;
    return pending > 0 && overdue ? this.raiseFence() : undefined;
  }

  /** Drops what need not be written again, and what cannot be because its text is not here: the inbox still has it. */
  async withdrawUnless(wanted: (cookie: unknown) => Promise<boolean>): Promise<void> {
    this.queue.withdraw((_cookie, stanza) => stanza === undefined);
    const { cookies } = this.queue;
    const answers = await Promise.all(cookies.map((cookie) => wanted(cookie)));
    const unwanted = new Set(cookies.filter((_cookie, i) => !answers[i]));
    if (unwanted.size > 0) this.queue.withdraw((cookie) => unwanted.has(cookie));
  }

  /** What must be written again on a new connection, in order (XEP-0198 §5). */
  resume(): string[] {
    this.fence?.reset();
    this.management?.onResumed();
    return this.queue.stanzas;
  }

  private raiseFence(): { fence: string } | undefined {
    const fence = (this.fence ??= new PingFence()).raise(this.queue.nextSequence);
    return fence === undefined ? undefined : { fence };
  }
}
