import type { SubscriptionRequest } from '../codec/packets.js';
import { Subscription } from '../topics/subscription.js';
import type { ParsedFilter } from '../topics/topic-filter.js';
import type { Session } from './session.js';

/**
 * Subscribes a session, or replaces the options of a subscription it has [MQTT-3.8.4-3], and prepares the retained
 * messages due. False: the session has as many subscriptions as it may.
 */
export function subscribe(
  session: Session,
  parsed: ParsedFilter,
  request: SubscriptionRequest,
  identifiers: number[] | undefined,
): boolean {
  const { index, limits } = session.engine;
  const known = session.subscriptions?.get(parsed.filter);
  if (!known && (session.subscriptions?.size ?? 0) >= limits.maxSubscriptionsPerClient) return false;
  const subscription = known ?? new Subscription(session, parsed);
  subscription.apply(request, identifiers);
  if (known) {
    index.invalidate(known);
  } else {
    (session.subscriptions ??= new Map()).set(parsed.filter, subscription);
    index.add(subscription);
  }
  if (wantsRetained(subscription, request, known === undefined)) prepareReplay(session, subscription);
  return true;
}

/** Retain handling (MQTT 5.0 §3.8.3.1, [MQTT-3.3.1-9] to -11); shared subscriptions get no retained messages. */
function wantsRetained(subscription: Subscription, request: SubscriptionRequest, isNew: boolean): boolean {
  if (subscription.shareName !== undefined) return false;
  return request.retainHandling === 0 || (request.retainHandling === 1 && isNew);
}

/** A subscription repeated while its replay is under way begins anew: a session has one replay a subscription. */
function prepareReplay(session: Session, subscription: Subscription): void {
  const others = session.replays?.filter((replay) => replay.subscription !== subscription) ?? [];
  const messages = session.engine.retained.match(subscription.topicFilter);
  session.replays = [...others, { subscription, messages }];
}

/** False: there was no such subscription. Messages on their way stay on it [MQTT-3.10.4-2]. */
export function unsubscribe(session: Session, filter: string): boolean {
  const subscription = session.subscriptions?.get(filter);
  if (!subscription) return false;
  session.subscriptions!.delete(filter);
  session.engine.index.remove(subscription);
  session.replays = session.replays?.filter((replay) => replay.subscription !== subscription);
  return true;
}
