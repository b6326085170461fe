import type { QoS } from '../codec/packets.js';
import type { MessageProperties } from '../message.js';

/** A publication as other brokers need it, and later times. */
export interface LoggedPublication {
  topic: string;
  payload: Buffer;
  qos: QoS;
  retain: boolean;
  properties?: MessageProperties | undefined;
  /** Client id, for no-local; undefined for a server itself. */
  publisher: string | undefined;
  /** Milliseconds since 1970; Infinity without a message expiry interval. */
  expiresAt: number;
  /** The shared subscription (`$share/…`) that it is for alone; undefined: for everybody. */
  share?: string | undefined;
}

/** What members of a shared subscription a broker has: connected ones, only sessions that wait, or none. */
export type SharePresence = 'online' | 'offline' | 'none';

export interface ShareHolding {
  /** `$share/{group}/{filter}` */
  share: string;
  broker: string;
  presence: SharePresence;
}

/** One entry. Positions grow along the log, for all brokers alike. */
export type LogEntry = { position: number; /** Id of the broker that appended it. */ origin: string } & (
  | { kind: 'publication'; publication: LoggedPublication }
  | { kind: 'share'; share: string; presence: SharePresence }
);

export interface LogReader {
  /** What stands retained, before the first entry; entries that follow may repeat some of it. */
  retained(publications: readonly LoggedPublication[]): void;
  /** Who has members of shared subscriptions, exactly at the position where reading begins. */
  shares(holdings: readonly ShareHolding[], position: number): void;
  entry(entry: LogEntry): void;
  /** Everything up to here has been given. */
  passed(position: number): void;
  /** The others took this broker for dead, and its sessions are theirs; `shares` and `retained` come anew. */
  interrupted(): void;
}

/**
 * The order that brokers agree on: every publication that concerns more than one connection of one broker is appended,
 * and every broker reads every entry, its own too, once and in the same order. Retained messages are kept with it.
 */
export abstract class PublicationLog {
  /** This broker's name among the others. */
  abstract readonly id: string;
  /** Whether any other broker reads it, or will when it is back. */
  abstract readonly shared: boolean;
  /** More waits to be written than memory should hold: whoever publishes has to wait for `append`. */
  abstract readonly congested: boolean;

  /** Fulfilled when the reader has the retained messages and shares, and the others know that this broker reads. */
  abstract start(reader: LogReader): Promise<void>;

  /**
   * Fulfilled with the entry's position when it is safe; while it cannot be written it waits. What it needs of the
   * publication is copied before it returns.
   */
  abstract append(publication: LoggedPublication): Promise<number>;

  abstract announce(share: string, presence: SharePresence): Promise<number>;

  /** The entries behind a position up to another, both of which the reader has passed. */
  abstract range(after: number, upTo: number): AsyncIterable<LogEntry>;

  /** The reader stops; what was appended is written. */
  abstract stop(): Promise<void>;
}
