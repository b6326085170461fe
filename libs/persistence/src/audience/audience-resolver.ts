import { type Audience, checkCost, expandSegments, segmentsIn, termsOf } from '@carillon/domain';
import type { RedisUsers } from '../devices/redis-users.js';
import { resultsOf, type Store } from '../store.js';
import { AudienceQuery } from './audience-query.js';
import { prepareTerm } from './prepared-term.js';
import { RedisLists } from './redis-lists.js';
import { RedisSegments } from './redis-segments.js';

const NOBODY: Audience = { not: { everyone: true } };

/** Finds the devices of audiences. */
export class AudienceResolver {
  private readonly segments: RedisSegments;
  private readonly lists: RedisLists;

  constructor(
    private readonly store: Store,
    private readonly users: RedisUsers,
  ) {
    this.segments = new RedisSegments(store);
    this.lists = new RedisLists(store, users);
  }

  /**
   * An expression as it stands now: segments and lists are those of this moment, times relative to now are fixed. What refers to a segment or a
   * list that is gone finds nobody by it.
   */
  async open(app: string, audience: Audience, now: number): Promise<AudienceQuery> {
    const expanded = await this.expand(app, audience);
    const terms = [...new Set(termsOf(expanded))];
    const names = terms.flatMap((term) => ('list' in term ? term.list : []));
    const lists = await this.lists.current(app, names);
    const prepared = new Map(terms.map((term) => [term, prepareTerm(term, now, lists)]));
    return new AudienceQuery(this.store, this.users, app, expanded, prepared);
  }

  /**
   * The expression with what segments stand for in the place of their names.
   * @throws CarillonError `audience-too-costly`
   */
  async check(app: string, audience: Audience, pointer: string): Promise<Audience> {
    const expanded = await this.expand(app, audience);
    if (expanded !== audience) checkCost(expanded, pointer);
    return expanded;
  }

  /** As `AudienceQuery.matching`, for devices of one partition. */
  async matchingOf(app: string, audience: Audience, page: readonly string[]): Promise<string[]> {
    if (page.length === 0) return [];
    const query = await this.open(app, audience, Date.now());
    return query.matching(this.store.partitionOf(page[0]!), page);
  }

  /** The user of each device of one partition; '' without one. */
  async owners(page: readonly string[]): Promise<Map<string, string>> {
    const pipeline = this.store.client.pipeline();
    for (const id of page) pipeline.hget(this.store.keys.device(this.store.partitionOf(id), id), 'user');
    const found = resultsOf(await pipeline.exec()) as (string | null)[];
    return new Map(page.map((id, i) => [id, found[i] ?? '']));
  }

  private async expand(app: string, audience: Audience): Promise<Audience> {
    if (segmentsIn(audience).length === 0) return audience;
    const saved = await this.segments.expressions(app);
    const expansion = expandSegments(audience, (name) => saved.get(name));
    return expansion.ok ? expansion.audience : NOBODY;
  }
}
