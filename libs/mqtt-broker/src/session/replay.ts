import type { Publication } from '../inflight/publication.js';
import type { Subscription } from '../topics/subscription.js';

/** The retained messages of one new subscription, taken from the store as the client has room for them. */
export interface Replay {
  subscription: Subscription;
  messages: Iterator<Publication>;
}
