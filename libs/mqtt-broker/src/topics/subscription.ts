import type { QoS, SubscriptionRequest } from '../codec/packets.js';
import type { TopicBound } from '../hooks.js';
import type { Session } from '../session/session.js';
import type { SharedGroup } from './shared-group.js';
import { NO_GROUPS, type Subscribers } from './subscriber-set.js';
import type { ParsedFilter } from './topic-filter.js';

/** The options of a SUBSCRIBE, and what the hooks made of it. */
export interface SubscriptionOptions extends Omit<SubscriptionRequest, 'filter'> {
  identifiers: number[] | undefined;
  only?: TopicBound | undefined;
}

/**
 * One subscription of one session. The index keeps it in a set, so that it can be taken out in one step; where a filter
 * has no other, as with the topic of a device, it is the set.
 */
export class Subscription implements Subscribers {
  readonly filter: string;
  readonly topicFilter: string;
  readonly shareName: string | undefined;
  readonly wildcard: boolean;
  /** The filter with `$share/…`, if it is shared. */
  readonly share: string | undefined;
  qos: QoS = 0;
  noLocal = false;
  retainAsPublished = false;
  /** Subscription identifiers to send along (MQTT 5.0 §3.3.2.3.8); undefined where there is none. */
  identifiers: number[] | undefined = undefined;
  /** Topics that it is granted, of those it matches; undefined: all of them. */
  only: TopicBound | undefined = undefined;
  /** Position in its subscriber set. */
  slot = -1;

  constructor(
    readonly session: Session,
    parsed: ParsedFilter,
  ) {
    this.filter = parsed.filter;
    this.topicFilter = parsed.topicFilter;
    this.shareName = parsed.shareName;
    this.wildcard = parsed.wildcard;
    this.share = parsed.shareName === undefined ? undefined : parsed.filter;
  }

  get recipients(): readonly Subscription[] {
    return [this];
  }

  get groups(): readonly SharedGroup[] {
    return NO_GROUPS;
  }

  /** Takes over the options of a SUBSCRIBE; a repeated one replaces them [MQTT-3.8.4-3]. */
  apply(options: SubscriptionOptions): void {
    this.qos = options.qos;
    this.noLocal = options.noLocal;
    this.retainAsPublished = options.retainAsPublished;
    this.identifiers = options.identifiers;
    this.only = options.only;
  }
}

/** How one session receives one topic: a subscription, or several that overlap, merged. */
export interface Recipient {
  readonly session: Session;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly identifiers: number[] | undefined;
  /** The shared subscription that it is a member of: what it cannot complete is another member's. */
  readonly share: string | undefined;
  /** Set where some of the merged subscriptions are no-local and others not: what the publisher itself receives. */
  readonly own?: Recipient;
}

/**
 * One copy for overlapping subscriptions, at the highest QoS [MQTT-3.3.4-2], with all their
 * identifiers [MQTT-3.3.4-4].
 */
export function mergeSubscriptions(all: readonly Subscription[]): Recipient {
  const first = all[0]!;
  if (all.length === 1) return first;
  const foreign = combine(all);
  const local = all.filter((subscription) => !subscription.noLocal);
  if (local.length === 0 || local.length === all.length) return foreign;
  return { ...foreign, noLocal: true, own: combine(local) };
}

function combine(all: readonly Subscription[]): Recipient {
  const identifiers = all.flatMap((subscription) => subscription.identifiers ?? []);
  return {
    session: all[0]!.session,
    qos: Math.max(...all.map((subscription) => subscription.qos)) as QoS,
    noLocal: all.every((subscription) => subscription.noLocal),
    retainAsPublished: all.some((subscription) => subscription.retainAsPublished),
    identifiers: identifiers.length > 0 ? identifiers : undefined,
    share: undefined,
  };
}
