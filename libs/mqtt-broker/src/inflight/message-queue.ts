import type { QoS } from '../codec/packets.js';
import type { Publication } from './publication.js';

export interface QueuedMessage {
  publication: Publication;
  qos: QoS;
  retain: boolean;
  identifiers: number[] | undefined;
  /** The shared subscription that it came by. */
  share: string | undefined;
  /** Under which the session's store knows it; 0: it does not. */
  key: number;
}

/** What waits in all queues of one broker. */
export interface QueueBudget {
  messages: number;
  bytes: number;
  readonly maxBytes: number;
}

/**
 * Publications that wait for one session, first in, first out. Bounds: messages, bytes, and the budget that all
 * sessions share. At its own bounds the oldest go; when the shared budget is used up the new one is not taken.
 */
export class MessageQueue {
  private items: (QueuedMessage | undefined)[] = [];
  private head = 0;
  bytes = 0;

  constructor(
    private readonly maxMessages: number,
    private readonly maxBytes: number,
    private readonly budget: QueueBudget,
  ) {}

  get length(): number {
    return this.items.length - this.head;
  }

  /** Answers what had to go. */
  push(message: QueuedMessage): QueuedMessage[] {
    const weight = message.publication.weight;
    const dropped: QueuedMessage[] = [];
    if (weight > this.maxBytes || this.maxMessages === 0) return [message];
    while (this.length >= this.maxMessages || this.bytes + weight > this.maxBytes)
      dropped.push(this.shift()!);
    if (this.budget.bytes + weight > this.budget.maxBytes) return [...dropped, message];
    this.items.push(message);
    this.charge(1, weight);
    return dropped;
  }

  peek(): QueuedMessage | undefined {
    return this.items[this.head];
  }

  shift(): QueuedMessage | undefined {
    const message = this.items[this.head];
    if (!message) return undefined;
    this.items[this.head++] = undefined;
    this.charge(-1, -message.publication.weight);
    if (this.head > 32 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return message;
  }

  *[Symbol.iterator](): Iterator<QueuedMessage> {
    for (let i = this.head; i < this.items.length; i++) yield this.items[i]!;
  }

  clear(): void {
    this.charge(-this.length, -this.bytes);
    this.items = [];
    this.head = 0;
  }

  private charge(messages: number, bytes: number): void {
    this.bytes += bytes;
    this.budget.messages += messages;
    this.budget.bytes += bytes;
  }
}
