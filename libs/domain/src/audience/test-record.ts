import semver from 'semver';
import { parseInstant } from '../time/instant.js';
import { momentAt } from '../time/moment.js';
import type { AudienceTerm, Comparand, Comparison, Scalar } from './audience.js';

/** What a device's record says, as far as terms ask for it. Times are ms since 1970. */
export interface RecordFacts {
  readonly user?: string;
  readonly platform?: string;
  readonly locale?: string;
  readonly appVersion?: string;
  /** The last connection's beginning or end; now, for a device that is connected. */
  readonly lastSeen?: number;
  readonly attribute: (name: string) => Scalar | undefined;
}

export type RecordTest = (facts: RecordFacts) => boolean;

/** The test that a term makes of a record, made ready for many; undefined for a term that asks for something else. */
export function recordTest(term: AudienceTerm, now: number): RecordTest | undefined {
  if ('user' in term) {
    const users = new Set(term.user);
    return ({ user }) => user !== undefined && users.has(user);
  }
  if ('platform' in term) {
    const platforms = new Set(term.platform.map((name) => name.toLowerCase()));
    return ({ platform }) => platform !== undefined && platforms.has(platform.toLowerCase());
  }
  if ('locale' in term) return localeTest(term.locale);
  if ('appVersion' in term) return versionTest(term.appVersion);
  if ('attr' in term) {
    const { name, ...comparison } = term.attr;
    const fits = comparisonTest(comparison as Comparison, now);
    return ({ attribute }) => fits(attribute(name));
  }
  if ('lastSeen' in term) {
    const fits = orderTest(Object.keys(term.lastSeen)[0]!);
    if ('exists' in term.lastSeen) {
      const { exists } = term.lastSeen;
      return ({ lastSeen }) => (lastSeen !== undefined) === exists;
    }
    const bound = momentAt(Object.values(term.lastSeen)[0] as string, now);
    return ({ lastSeen }) => lastSeen !== undefined && fits(lastSeen, bound);
  }
  return undefined;
}

/** Basic filtering (RFC 4647 §3.3.1): "de" finds "de" and "de-AT". */
function localeTest(ranges: readonly string[]): RecordTest {
  const wanted = ranges.map(normalLocale);
  return ({ locale }) => {
    if (locale === undefined) return false;
    const tag = normalLocale(locale);
    return wanted.some((range) => tag === range || tag.startsWith(`${range}-`));
  };
}

const normalLocale = (tag: string): string => tag.toLowerCase().replaceAll('_', '-');

/** Versions that are not quite semantic count as the ones they look like: "2.1" as 2.1.0. Pre-releases are in the order of the versions. */
function versionTest(text: string): RecordTest {
  const range = new semver.Range(text, { includePrerelease: true });
  return ({ appVersion }) => {
    if (appVersion === undefined) return false;
    const version = semver.parse(appVersion, { loose: true }) ?? semver.coerce(appVersion);
    return version !== null && range.test(version);
  };
}

function comparisonTest(comparison: Comparison, now: number): (value: Scalar | undefined) => boolean {
  if ('exists' in comparison) return (value) => (value !== undefined) === comparison.exists;
  if ('in' in comparison) {
    const values = new Set(comparison.in);
    return (value) => value !== undefined && values.has(value);
  }
  if ('prefix' in comparison)
    return (value) => typeof value === 'string' && value.startsWith(comparison.prefix);
  const [operator, operand] = Object.entries(comparison)[0] as [string, Comparand];
  const fits = orderTest(operator);
  if (typeof operand === 'object') {
    const bound = momentAt(operand.time, now);
    return (value) => {
      const time = typeof value === 'string' ? parseInstant(value) : undefined;
      return time !== undefined && fits(time, bound);
    };
  }
  return (value) => typeof value === typeof operand && fits(value!, operand);
}

function orderTest(operator: string): (a: Scalar, b: Scalar) => boolean {
  switch (operator) {
    case 'lt':
      return (a, b) => a < b;
    case 'lte':
      return (a, b) => a <= b;
    case 'gt':
      return (a, b) => a > b;
    case 'gte':
      return (a, b) => a >= b;
    default:
      return (a, b) => a === b;
  }
}
