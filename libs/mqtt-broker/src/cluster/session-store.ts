import type { QoS, Will } from '../codec/packets.js';
import type { LoggedPublication } from './publication-log.js';

export interface StoredSubscription {
  /** With `$share/{group}/`, if it is shared. */
  filter: string;
  qos: QoS;
  noLocal: boolean;
  retainAsPublished: boolean;
  identifiers: number[] | undefined;
}

/** A QoS 1 or 2 publication that a session has not completed. */
export interface StoredMessage {
  qos: QoS;
  retain: boolean;
  identifiers: number[] | undefined;
  /** 0: not sent yet. */
  packetId: number;
  /** PUBREC came: only PUBREL and PUBCOMP are left. */
  released: boolean;
  /** The shared subscription that it came by. */
  share?: string | undefined;
  publication: LoggedPublication;
}

/** A session as it was kept. */
export interface StoredSession {
  /** What `identityOf` said of its client. */
  identity: string;
  /** Seconds. */
  expiryInterval: number;
  /** Milliseconds since 1970; undefined: it was connected when its broker was last heard of. */
  offlineSince: number | undefined;
  /** Publications of the log up to here have been given to it. */
  position: number;
  /** The broker that held it and did not give it away: it was taken for dead. */
  formerBroker: string | undefined;
  subscriptions: StoredSubscription[];
  /** By the key under which they were recorded, ascending. */
  messages: Map<number, StoredMessage>;
  /** Packet identifiers of QoS 2 publications received and not yet released. */
  received: number[];
  /** Of the connection that it had, or still waiting for its delay. */
  will: Will | undefined;
}

/** A change of a session that outlives its broker. Keys count up within a session. */
export type SessionChange =
  | { op: 'attached'; identity: string; expiryInterval: number; will: Will | undefined }
  | { op: 'parked'; at: number; expiryInterval: number; willWaits: boolean }
  | {
      op: 'subscribed';
      subscription: StoredSubscription;
      /** Messages may come for it while it is offline. */ routed: boolean;
    }
  | { op: 'unsubscribed'; filter: string }
  | { op: 'queued'; key: number; message: StoredMessage }
  | { op: 'sent'; key: number; packetId: number }
  | { op: 'released'; key: number; packetId: number }
  | { op: 'done'; key: number }
  | { op: 'received'; packetId: number }
  | { op: 'forgotten'; packetId: number };

/** A client id that this broker alone serves, until it ends the session, gives it away or loses it. */
export abstract class SessionHold {
  /** Written soon, in order. */
  abstract record(change: SessionChange): void;
  /** Fulfilled when everything recorded so far is safe; while it cannot be written it waits. */
  abstract flushed(): Promise<void>;
  /** The session is over: nothing is kept. */
  abstract end(): void;
}

export interface SessionClaim {
  hold: SessionHold;
  /** Undefined: there was none, or it was not wanted. */
  stored: StoredSession | undefined;
}

/** What the store asks of the broker that holds sessions. */
export interface SessionHolder {
  /** Another broker takes the session over. Fulfilled when its connection is ended and nothing more will be recorded. */
  yield(clientId: string): Promise<void>;
  /** Another broker has it: this one was taken for dead. */
  lost(clientId: string): void;
  /** The broker that held it is gone: from now on it is this one's. */
  adopt(clientId: string, claim: SessionClaim): Promise<void>;
  /**
   * A broker is gone, its sessions are with others, and nobody counts on its members of shared subscriptions any more. What
   * the log brought up to the position `after` it had dealt with; of the rest up to `upTo` nobody knows.
   */
  left(broker: string, after: number, upTo: number): Promise<void>;
}

/** Where sessions live beyond the broker that serves them: each client id is held by one broker at a time. */
export abstract class SessionStore {
  /** Fulfilled when the sessions of brokers that are gone have been adopted. */
  abstract start(holder: SessionHolder): Promise<void>;

  /**
   * Takes a client id over from whichever broker holds it, with its session unless a fresh one is wanted.
   * Rejects when the store cannot be reached.
   */
  abstract claim(clientId: string, fresh: boolean): Promise<SessionClaim>;

  /** Everything recorded is written. The sessions wait for the next broker that claims or adopts them. */
  abstract stop(): Promise<void>;
}
