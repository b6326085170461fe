import type { OrderedAcknowledgements } from '../cluster/ordered-acknowledgements.js';
import type { SessionChange, SessionHold } from '../cluster/session-store.js';
import type { Will } from '../codec/packets.js';
import type { ConnectedClient } from '../connection/connected-client.js';
import type { Connection } from '../connection/connection.js';
import type { Engine } from '../engine.js';
import { InflightWindow, type InflightEntry } from '../inflight/inflight-window.js';
import { MessageQueue } from '../inflight/message-queue.js';
import { WheelEntry } from '../timers/timer-wheel.js';
import type { Subscription } from '../topics/subscription.js';
import type { Replay } from './replay.js';

/** Session Expiry Interval that never runs out (MQTT 5.0 §3.1.2.11.2). */
export const NEVER_EXPIRES = 0xffffffff;

/** A will that waits for its delay, or for the end of its session. */
export interface PendingWill {
  /** Undefined: it was connected to another broker. */
  client: ConnectedClient | undefined;
  will: Will;
}

/** The state of one client id that may outlive a connection (MQTT 5.0 §4.1). */
export class Session extends WheelEntry {
  // What each delivery touches stands together, as in a connection.
  connection: Connection | undefined = undefined;
  readonly window = new InflightWindow();
  private waiting: MessageQueue | undefined = undefined;
  /** It outlives its connection and this broker: its changes are recorded. */
  durable = false;
  /** A direct delivery was turned away. */
  directWaiting = false;
  /** Entries to send again on this connection, when there is room. */
  resends: InflightEntry[] | undefined = undefined;
  /** Retained messages still to be sent for new subscriptions. */
  replays: Replay[] | undefined = undefined;

  /** Seconds it outlives its connection. */
  expiryInterval = 0;
  subscriptions: Map<string, Subscription> | undefined = undefined;
  /** Packet identifiers of QoS 2 publications received and not yet released, with how often they were repeated. */
  received: Map<number, number> | undefined = undefined;
  pendingWill: PendingWill | undefined = undefined;
  offlineSince = 0;
  /** What keeps its client id, where brokers share their sessions. */
  hold: SessionHold | undefined = undefined;
  /** Of publications that other brokers have to be told of first. */
  acknowledgements: OrderedAcknowledgements | undefined = undefined;
  private lastKey = 0;

  constructor(
    readonly id: string,
    readonly engine: Engine,
  ) {
    super();
  }

  record(change: SessionChange): void {
    if (this.durable) this.hold!.record(change);
  }

  /** The key of one more message; 0 if nothing is recorded. */
  nextKey(): number {
    return this.durable ? ++this.lastKey : 0;
  }

  /** Keys up to this one are taken. */
  skipKeys(upTo: number): void {
    this.lastKey = Math.max(this.lastKey, upTo);
  }

  get online(): boolean {
    return this.connection !== undefined;
  }

  /** Whether a QoS 1 or 2 message would leave at once. */
  get ready(): boolean {
    return this.hasRoom && this.queued === 0;
  }

  /** Whether one more QoS 1 or 2 publication may be on its way. */
  get hasRoom(): boolean {
    const connection = this.connection;
    return (
      connection !== undefined &&
      connection.flowing &&
      this.window.outstanding < connection.receiveMaximum &&
      this.window.bytes <= this.engine.limits.maxInflightBytes &&
      !connection.congested
    );
  }

  get queued(): number {
    return this.waiting?.length ?? 0;
  }

  get queue(): MessageQueue {
    if (!this.waiting) {
      const { maxQueuedMessages, maxQueuedBytes } = this.engine.limits;
      this.waiting = new MessageQueue(maxQueuedMessages, maxQueuedBytes, this.engine.queueBudget);
    }
    return this.waiting;
  }

  /** Gives the queue's memory back once it is empty, or all of it at the end of the session. */
  releaseQueue(): void {
    this.waiting?.clear();
    this.waiting = undefined;
  }

  /** A deadline of an offline session: will delay or session expiry. */
  override expire(now: number): void {
    this.engine.sessions.onTimer(this, now);
  }
}
