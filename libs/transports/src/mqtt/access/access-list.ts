import { filterCovers } from './filter-covers.js';

export type Right = 'read' | 'write' | 'readwrite' | 'deny';

export interface Rule {
  readonly right: Right;
  readonly filter: string;
}

/** Whom a rule is looked up for; anonymous clients have no name. */
export interface Subject {
  readonly username: string | undefined;
  readonly clientId: string;
}

/** The rules of an ACL file. What no rule grants is denied, and a `deny` outweighs every grant. */
export class AccessList {
  constructor(
    private readonly anonymous: readonly Rule[],
    private readonly byUser: ReadonlyMap<string, readonly Rule[]>,
    /** With %c and %u in their levels. */
    private readonly patterns: readonly Rule[],
  ) {}

  mayRead(subject: Subject, topic: string): boolean {
    return this.grants(subject, 'read', topic);
  }

  mayWrite(subject: Subject, topic: string): boolean {
    return this.grants(subject, 'write', topic);
  }

  /** Whether every topic of the filter is granted, but for what a `deny` cuts out of it: that is `mayRead`'s to say. */
  maySubscribe(subject: Subject, filter: string): boolean {
    return this.grants(subject, 'read', filter);
  }

  private grants(subject: Subject, right: 'read' | 'write', filter: string): boolean {
    const rules = this.rulesOf(subject).filter((rule) => filterCovers(rule.filter, filter));
    if (rules.some((rule) => rule.right === 'deny')) return false;
    return rules.some((rule) => rule.right === right || rule.right === 'readwrite');
  }

  private rulesOf(subject: Subject): Rule[] {
    const { username } = subject;
    const own = username === undefined ? this.anonymous : (this.byUser.get(username) ?? []);
    return [...own, ...this.patterns.flatMap((pattern) => substitute(pattern, subject))];
  }
}

/** A name with a wildcard or a level separator in it would reach beyond its level: the pattern then grants nothing. */
function substitute({ right, filter }: Rule, { username, clientId }: Subject): Rule[] {
  const values: Record<string, string | undefined> = { '%c': clientId, '%u': username };
  const used = [...new Set(filter.match(/%[cu]/g))].map((name) => values[name]);
  if (used.some((value) => value === undefined || value === '' || /[+#/]/.test(value))) return [];
  return [{ right, filter: filter.replace(/%[cu]/g, (name) => values[name]!) }];
}
