import type { Area } from '../../area/shape.js';
import { formatDuration } from '../../time/duration.js';
import { type Audience, type AudienceTerm, type Comparand, kindOf, NAMED_KINDS } from '../audience.js';

/** The text form of a tree: `parseAudience` reads the same tree from it. */
export function printAudience(node: Audience): string {
  if ('all' in node)
    return node.all.map((inner) => grouped(inner, 'all' in inner || 'any' in inner)).join(' and ');
  if ('any' in node) return node.any.map((inner) => grouped(inner, 'any' in inner)).join(' or ');
  if ('not' in node) return `not ${grouped(node.not, 'all' in node.not || 'any' in node.not)}`;
  return printTerm(node);
}

const grouped = (node: Audience, parentheses: boolean): string =>
  parentheses ? `(${printAudience(node)})` : printAudience(node);

function printTerm(term: AudienceTerm): string {
  if ('everyone' in term) return 'everyone';
  if ('appVersion' in term) return `appVersion:${printName(term.appVersion)}`;
  if ('area' in term) return printArea(term.area);
  if ('bucket' in term)
    return `bucket(${printName(term.bucket.salt)}, ${term.bucket.from}, ${term.bucket.to})`;
  if ('lastSeen' in term)
    return `lastSeen ${printComparison(term.lastSeen, (moment) => `@${moment as string}`)}`;
  if ('attr' in term) {
    const { name, ...comparison } = term.attr;
    const isPlain = /^[A-Za-z0-9_.-]+$/.test(name);
    return `attr.${isPlain ? name : JSON.stringify(name)} ${printComparison(comparison, printComparand)}`;
  }
  return printNames(term);
}

function printNames(term: AudienceTerm): string {
  const kind = kindOf(term) as (typeof NAMED_KINDS)[number];
  const names = (term as Record<typeof kind, readonly string[]>)[kind].map(printName);
  return `${kind}:${names.length === 1 ? names[0]! : `[${names.join(', ')}]`}`;
}

const printName = (name: string): string => (/^[^\s()[\],"\\]+$/.test(name) ? name : JSON.stringify(name));

const SYMBOLS: Readonly<Record<string, string>> = { eq: '=', lt: '<', lte: '<=', gt: '>', gte: '>=' };

function printComparison(comparison: object, print: (value: Comparand) => string): string {
  const [operator, value] = Object.entries(comparison)[0] as [string, unknown];
  if (operator === 'exists') return value === true ? 'exists' : 'missing';
  if (operator === 'in') return `in [${(value as Comparand[]).map(printComparand).join(', ')}]`;
  return `${SYMBOLS[operator] ?? operator} ${print(value as Comparand)}`;
}

const printComparand = (value: Comparand): string =>
  typeof value === 'object' ? `@${value.time}` : JSON.stringify(value);

function printArea(area: Area): string {
  const age = area.maxAge === undefined ? '' : `, maxAge=${formatDuration(area.maxAge)}`;
  if ('geojson' in area) return `within(${JSON.stringify(area.geojson)}${age})`;
  if ('box' in area) {
    const { south, west, north, east } = area.box;
    return `box(${south}, ${west}, ${north}, ${east}${age})`;
  }
  const { lat, lon, radius } = area.circle;
  return `near(${lat}, ${lon}, ${radius % 1_000 === 0 ? `${radius / 1_000}km` : `${radius}m`}${age})`;
}
