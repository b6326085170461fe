import type { TopicRule } from '@carillon/domain';
import { filterCovers } from './filter-covers.js';

/** Whom a rule is looked up for; anonymous clients have no name. */
export interface Subject {
  readonly username: string | undefined;
  readonly clientId: string;
  /** Logged in as one of the users; a device may have the same name. */
  readonly isUser: boolean;
}

/** The rules of an ACL file. What no rule grants is denied, and a `deny` outweighs every grant. */
export class AccessList {
  constructor(
    private readonly anonymous: readonly TopicRule[],
    private readonly byUser: ReadonlyMap<string, readonly TopicRule[]>,
    /** With %c and %u in their levels. */
    private readonly patterns: readonly TopicRule[],
  ) {}

  /** @param own rules of the subject's alone, here and below */
  mayRead(subject: Subject, topic: string, own: readonly TopicRule[] = []): boolean {
    return this.grants(subject, 'read', topic, own);
  }

  mayWrite(subject: Subject, topic: string, own: readonly TopicRule[] = []): boolean {
    return this.grants(subject, 'write', topic, own);
  }

  /** Whether every topic of the filter is granted, but for what a `deny` cuts out of it: that is `mayRead`'s to say. */
  maySubscribe(subject: Subject, filter: string, own: readonly TopicRule[] = []): boolean {
    return this.grants(subject, 'read', filter, own);
  }

  private grants(
    subject: Subject,
    right: 'read' | 'write',
    filter: string,
    own: readonly TopicRule[],
  ): boolean {
    const rules = this.rulesOf(subject, own).filter((rule) => filterCovers(rule.filter, filter));
    if (rules.some((rule) => rule.right === 'deny')) return false;
    return rules.some((rule) => rule.right === right || rule.right === 'readwrite');
  }

  private rulesOf(subject: Subject, own: readonly TopicRule[]): TopicRule[] {
    const { username } = subject;
    const named = username === undefined ? this.anonymous : (this.byUser.get(username) ?? []);
    return [...named, ...[...own, ...this.patterns].flatMap((pattern) => substitute(pattern, subject))];
  }
}

/** A name with a wildcard or a level separator in it would reach beyond its level: the pattern then grants nothing. */
function substitute({ right, filter }: TopicRule, { username, clientId }: Subject): TopicRule[] {
  const values: Record<string, string | undefined> = { '%c': clientId, '%u': username };
  const used = [...new Set(filter.match(/%[cu]/g))].map((name) => values[name]);
  if (used.some((value) => value === undefined || value === '' || /[+#/]/.test(value))) return [];
  return [{ right, filter: filter.replace(/%[cu]/g, (name) => values[name]!) }];
}
