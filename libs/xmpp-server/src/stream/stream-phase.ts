import type { CloseCause } from '../hooks.js';
import type { Element } from '../stanza/element.js';

/** What reads a stream's elements: the negotiation until a resource is bound, the session from then on. */
export interface StreamPhase {
  onElement(element: Element): void | Promise<void>;
  /** Output is about to be written: the last moment to add to it. */
  beforeFlush(): void;
  /** A peer that did not keep up has read what was written. */
  onDrained(): void;
  /** Looks for timeouts; `now` in ms. */
  sweep(now: number): void;
  /** The stream is over. Called once. */
  onEnded(cause: CloseCause): void;
}

export interface NegotiationPhase extends StreamPhase {
  /** A stream header was read and answered. */
  onOpened(): void;
}

/** Reads nothing: for a connection whose session went elsewhere. */
export const RETIRED: StreamPhase = {
  onElement() {},
  beforeFlush() {},
  onDrained() {},
  sweep() {},
  onEnded() {},
};
