import { Subscription, type SubscriptionOptions } from '../topics/subscription.js';
import type { TopicBound } from '../hooks.js';
import type { Publication } from '../inflight/publication.js';
import type { ParsedFilter } from '../topics/topic-filter.js';
import type { Session } from './session.js';

/**
 * Subscribes a session, or replaces the options of a subscription it has [MQTT-3.8.4-3], and prepares the retained
 * messages due. False: the session has as many subscriptions as it may.
 */
export function subscribe(session: Session, parsed: ParsedFilter, options: SubscriptionOptions): boolean {
  const { index, limits } = session.engine;
  const known = session.subscriptions?.get(parsed.filter);
  if (!known && (session.subscriptions?.size ?? 0) >= limits.maxSubscriptionsPerClient) return false;
  const subscription = known ?? new Subscription(session, parsed);
  subscription.apply(options);
  if (known) {
    index.invalidate(known);
  } else {
    (session.subscriptions ??= new Map()).set(parsed.filter, subscription);
    index.add(subscription);
  }
  if (session.durable) recordSubscription(session, subscription);
  session.engine.cluster?.membersChanged(subscription);
  if (wantsRetained(subscription, options, known === undefined)) prepareReplay(session, subscription);
  return true;
}

function recordSubscription(session: Session, { filter, topicFilter, ...options }: Subscription): void {
  const { qos, noLocal, retainAsPublished, identifiers } = options;
  const routed = qos > 0 && !(session.engine.hooks.servesTopic?.(topicFilter) ?? false);
  session.record({
    op: 'subscribed',
    subscription: { filter, qos, noLocal, retainAsPublished, identifiers },
    routed,
  });
}

/** Retain handling (MQTT 5.0 §3.8.3.1, [MQTT-3.3.1-9] to -11); shared subscriptions get no retained messages. */
function wantsRetained(
  subscription: Subscription,
  { retainHandling }: SubscriptionOptions,
  isNew: boolean,
): boolean {
  if (subscription.shareName !== undefined) return false;
  return retainHandling === 0 || (retainHandling === 1 && isNew);
}

/** A subscription repeated while its replay is under way begins anew: a session has one replay a subscription. */
function prepareReplay(session: Session, subscription: Subscription): void {
  const others = session.replays?.filter((replay) => replay.subscription !== subscription) ?? [];
  const all = session.engine.retained.match(subscription.topicFilter);
  const messages = subscription.only ? within(all, subscription.only) : all;
  session.replays = [...others, { subscription, messages }];
}

function* within(messages: Iterator<Publication>, only: TopicBound): Iterator<Publication> {
  for (let next = messages.next(); !next.done; next = messages.next()) {
    if (only(next.value.topic)) yield next.value;
  }
}

/** False: there was no such subscription. Messages on their way stay on it [MQTT-3.10.4-3]. */
export function unsubscribe(session: Session, filter: string): boolean {
  const subscription = session.subscriptions?.get(filter);
  if (!subscription) return false;
  session.subscriptions!.delete(filter);
  session.engine.index.remove(subscription);
  session.record({ op: 'unsubscribed', filter });
  session.engine.cluster?.membersChanged(subscription);
  session.replays = session.replays?.filter((replay) => replay.subscription !== subscription);
  return true;
}
