import type { QoS } from '../codec/packets.js';
import type { Engine } from '../engine.js';
import { InflightEntry } from '../inflight/inflight-window.js';
import { Publication } from '../inflight/publication.js';
import type { Session } from '../session/session.js';
import { Subscription } from '../topics/subscription.js';
import { parseFilter } from '../topics/topic-filter.js';
import type { StoredMessage, StoredSession, StoredSubscription } from './session-store.js';

/** Gives a new session what was stored of it. Its subscriptions are not in the index yet. */
export function fillSession(session: Session, stored: StoredSession): void {
  session.expiryInterval = stored.expiryInterval;
  session.received = stored.received.length > 0 ? new Map(stored.received.map((id) => [id, 0])) : undefined;
  session.subscriptions = restoreSubscriptions(session, stored);
  for (const [key, message] of stored.messages) {
    session.skipKeys(key);
    if (message.packetId === 0) enqueue(session, key, message);
    else session.window.add(inflightEntry(key, message, session.engine));
  }
  session.window.rewind();
}

function restoreSubscriptions(session: Session, stored: StoredSession): Map<string, Subscription> {
  const subscriptions = new Map<string, Subscription>();
  for (const each of stored.subscriptions) {
    const subscription = restoreSubscription(session, stored.identity, each);
    if (subscription) subscriptions.set(each.filter, subscription);
  }
  return subscriptions;
}

/** Undefined: its client may not have it any more. */
function restoreSubscription(
  session: Session,
  identity: string,
  { filter, ...options }: StoredSubscription,
): Subscription | undefined {
  const { hooks, limits } = session.engine;
  const parsed = parseFilter(filter, limits);
  if (!parsed) return undefined;
  const verdict = hooks.restoreSubscription?.(identity, parsed.topicFilter, options.qos) ?? true;
  if (verdict === false) return undefined;
  const subscription = new Subscription(session, parsed);
  const only = verdict === true ? undefined : verdict.only;
  subscription.apply({ ...options, retainHandling: 2, only });
  return subscription;
}

function enqueue(session: Session, key: number, message: StoredMessage): void {
  const { qos, retain, identifiers, share } = message;
  const publication = Publication.fromLog(message.publication);
  session.queue.push({ publication: publication.detach(), qos, retain, identifiers, share, key });
}

function inflightEntry(key: number, message: StoredMessage, engine: Engine): InflightEntry {
  const { packetId, qos, retain, identifiers, released } = message;
  const publication = Publication.fromLog(message.publication).detach();
  const sentAt = publication.receivedAt ?? engine.now();
  const kept = released ? undefined : publication;
  const entry = new InflightEntry(packetId, qos as QoS, retain, identifiers, kept, undefined, sentAt);
  entry.key = key;
  entry.share = message.share;
  entry.released = released;
  return entry;
}
