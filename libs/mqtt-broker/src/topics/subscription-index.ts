import type { SharedGroup } from './shared-group.js';
import { SubscriberSet, type Match, type Subscribers } from './subscriber-set.js';
import { mergeSubscriptions, type Recipient, Subscription } from './subscription.js';
import type { ParsedFilter } from './topic-filter.js';
import { WildcardTrie } from './wildcard-trie.js';

/** Longer topics are looked up each time: the cache is bounded in bytes too. */
const LONGEST_CACHED = 512;

const NOBODY: Match = { recipients: [], groups: [] };

/**
 * Exact filters in a map, wildcards in a trie, and a bounded cache of what a topic matched: where there is no wildcard, the map says it all.
 */
export class SubscriptionIndex {
  private readonly exact = new Map<string, SubscriberSet | Subscription>();
  private readonly wildcards = new WildcardTrie();
  private readonly cache = new Map<string, Match>();
  private cachedRecipients = 0;
  /** Some subscription is bounded: `only` has to be looked at. */
  private bounded = false;
  size = 0;
  /** Those of `size` that are shared subscriptions. */
  shared = 0;

  /** @param maxCached topics, and a hundred times as many recipients, that the cache may hold */
  constructor(private readonly maxCached: number) {}

  add(subscription: Subscription): void {
    this.count(subscription, 1);
    this.invalidate(subscription);
    if (subscription.wildcard) {
      this.wildcards.add(subscription);
      return;
    }
    const filter = subscription.topicFilter;
    const known = this.exact.get(filter);
    if (!known && subscription.shareName === undefined) this.exact.set(filter, subscription);
    else if (known instanceof SubscriberSet) known.add(subscription);
    else this.exact.set(filter, setOf(known, subscription));
  }

  remove(subscription: Subscription): void {
    this.count(subscription, -1);
    this.invalidate(subscription);
    if (subscription.wildcard) {
      this.wildcards.remove(subscription);
      return;
    }
    const known = this.exact.get(subscription.topicFilter);
    if (known instanceof SubscriberSet) known.remove(subscription);
    if (known === subscription || (known instanceof SubscriberSet && known.empty)) {
      this.exact.delete(subscription.topicFilter);
    }
  }

  /** To be called too when options of a subscription change: they may have been merged into a cached match. */
  invalidate(subscription: Subscription): void {
    this.bounded ||= subscription.only !== undefined;
    if (subscription.wildcard) this.clearCache();
    else this.forget(subscription.topicFilter);
  }

  /** The members of a shared subscription. */
  group({ shareName, topicFilter, wildcard }: ParsedFilter): SharedGroup | undefined {
    const set = wildcard ? this.wildcards.find(topicFilter) : this.exact.get(topicFilter);
    return shareName !== undefined && set instanceof SubscriberSet ? set.share(shareName) : undefined;
  }

  match(topic: string): Match {
    if (this.wildcards.empty && !this.bounded) return this.exact.get(topic) ?? NOBODY;
    const cached = this.cache.get(topic);
    if (cached) return cached;
    const match = this.find(topic);
    if (topic.length <= LONGEST_CACHED) this.remember(topic, match);
    return match;
  }

  private count({ shareName }: Subscription, by: 1 | -1): void {
    this.size += by;
    if (shareName !== undefined) this.shared += by;
  }

  private find(topic: string): Match {
    const sets: Subscribers[] = this.wildcards.match(topic);
    const exact = this.exact.get(topic);
    if (exact) sets.push(exact);
    if (sets.length === 0) return NOBODY;
    const groups = sets.flatMap((set) => set.groups);
    const members = sets.map((set) => (this.bounded ? granted(set.recipients, topic) : set.recipients));
    return { recipients: members.length === 1 ? members[0]! : merge(members), groups };
  }

  private remember(topic: string, match: Match): void {
    const weight = match.recipients.length + match.groups.length;
    if (this.cache.size >= this.maxCached || this.cachedRecipients + weight > this.maxCached * 100) {
      this.clearCache();
    }
    if (weight > this.maxCached * 100) return;
    this.cache.set(topic, match);
    this.cachedRecipients += weight;
  }

  private forget(topic: string): void {
    const match = this.cache.get(topic);
    if (!match) return;
    this.cachedRecipients -= match.recipients.length + match.groups.length;
    this.cache.delete(topic);
  }

  clearCache(): void {
    this.cache.clear();
    this.cachedRecipients = 0;
  }
}

function setOf(...subscriptions: (Subscription | undefined)[]): SubscriberSet {
  const set = new SubscriberSet();
  for (const subscription of subscriptions) if (subscription) set.add(subscription);
  return set;
}

function granted(members: readonly Subscription[], topic: string): readonly Subscription[] {
  if (!members.some(({ only }) => only)) return members;
  return members.filter(({ only }) => !only || only(topic));
}

/** Brings the overlapping subscriptions of a session together. */
function merge(sets: readonly (readonly Subscription[])[]): Recipient[] {
  const bySession = new Map<unknown, Subscription[]>();
  for (const members of sets) {
    for (const subscription of members) {
      const overlapping = bySession.get(subscription.session);
      if (overlapping) overlapping.push(subscription);
      else bySession.set(subscription.session, [subscription]);
    }
  }
  return Array.from(bySession.values(), mergeSubscriptions);
}
