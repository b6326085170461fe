import type { Session } from '../session/session.js';
import { SubscriptionIndex } from './subscription-index.js';
import { Subscription } from './subscription.js';
import { filterMatches, parseFilter } from './topic-filter.js';

const BOUNDS = { maxTopicLevels: 32, maxFilterLength: 1024 };
let sessions = 0;

function subscription(filter: string): Subscription {
  const session = { id: `session ${sessions++}` } as unknown as Session;
  return new Subscription(session, parseFilter(filter, BOUNDS)!);
}

function found(index: SubscriptionIndex, topic: string): string[] {
  return index.match(topic).recipients.map(({ session }) => session.id);
}

describe('SubscriptionIndex', () => {
  it('forgets what it remembered when subscriptions change', () => {
    const index = new SubscriptionIndex(100);
    expect(found(index, 'a/b')).toEqual([]);
    const exact = subscription('a/b');
    index.add(exact);
    expect(found(index, 'a/b')).toEqual([exact.session.id]);
    const wild = subscription('a/+');
    index.add(wild);
    expect(found(index, 'a/b').toSorted()).toEqual([exact.session.id, wild.session.id].toSorted());
    index.remove(exact);
    expect(found(index, 'a/b')).toEqual([wild.session.id]);
    index.remove(wild);
    expect(found(index, 'a/b')).toEqual([]);
    expect(index.size).toBe(0);
  });

  it('remembers no more than it may', () => {
    const index = new SubscriptionIndex(10);
    const all = subscription('#');
    index.add(all);
    for (let i = 0; i < 1000; i++) expect(found(index, `topic/${i}`)).toEqual([all.session.id]);
    const { cache } = index as unknown as { cache: Map<string, unknown> };
    expect(cache.size).toBeLessThanOrEqual(10);
    expect(found(index, 'x'.repeat(60_000))).toEqual([all.session.id]);
    expect([...cache.keys()].some((topic) => topic.length > 512)).toBe(false);
  });

  it('keeps nothing of subscriptions that ended', () => {
    const index = new SubscriptionIndex(10);
    const filters = ['a', 'a/b', '+/x', 'a/#', '#', '$share/g/a', '$share/g/a/+', 'a/+/c/d/e'];
    const subscriptions = filters.map(subscription);
    for (const each of subscriptions) index.add(each);
    for (const each of subscriptions) index.remove(each);
    const { exact, wildcards } = index as unknown as {
      exact: Map<string, unknown>;
      wildcards: { root: { empty: boolean } };
    };
    expect(exact.size).toBe(0);
    expect(wildcards.root.empty).toBe(true);
  });

  it('finds what a plain comparison finds, through any order of changes', () => {
    const index = new SubscriptionIndex(20);
    const random = generator(42);
    const levels = ['a', 'b', '', '$x', '+'];
    const live: Subscription[] = [];
    for (let round = 0; round < 3000; round++) {
      const filter =
        Array.from({ length: 1 + random(4) }, () => levels[random(5)]!).join('/') + (random(4) ? '' : '/#');
      if (random(3) && live.length > 0) index.remove(live.splice(random(live.length), 1)[0]!);
      else if (parseFilter(filter, BOUNDS)) {
        live.push(subscription(filter));
        index.add(live.at(-1)!);
      }
      const topic = Array.from({ length: 1 + random(4) }, () => levels[random(4)]!).join('/');
      const expected = live
        .filter((each) => filterMatches(each.topicFilter, topic))
        .map(({ session }) => session.id);
      expect(found(index, topic).toSorted()).toEqual(expected.toSorted());
    }
  });
});

/** Numbers below a bound, the same in every run. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
