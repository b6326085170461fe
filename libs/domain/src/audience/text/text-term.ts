import { AUDIENCE_KINDS, NAMED_KINDS } from '../audience.js';
import type { TextNode } from './parse-text.js';
import { TextFault, type TextScanner } from './text-scanner.js';

const COMPARISONS = [
  ['<=', 'lte'],
  ['>=', 'gte'],
  ['!=', 'ne'],
  ['<', 'lt'],
  ['>', 'gt'],
  ['=', 'eq'],
] as const;

/** Reads one term; which names and values are good is not decided here. */
export function parseTextTerm(scanner: TextScanner): TextNode {
  const start = scanner.offset;
  const word = scanner.word();
  if (word === undefined) throw scanner.fault('expected a term, such as group:vip');
  if (word === 'everyone') return term({ everyone: true }, start);
  if (word === 'lastSeen') return parseComparison(scanner, start, 'lastSeen', {});
  if (word === 'attr' || word.startsWith('attr.')) return parseAttribute(scanner, start, word);
  if (word === 'bucket') return parseBucket(scanner, start);
  if (word === 'near' || word === 'box' || word === 'within') return parsePlace(scanner, start, word);
  if (word === 'appVersion' && scanner.take(':')) return parseVersions(scanner, start);
  if ((NAMED_KINDS as readonly string[]).includes(word) && scanner.take(':'))
    return parseNames(scanner, start, word);
  throw unknownTerm(start, word, scanner);
}

function unknownTerm(start: number, word: string, scanner: TextScanner): TextFault {
  if ((AUDIENCE_KINDS as readonly string[]).includes(word)) return scanner.fault(`expected : after ${word}`);
  const known = [...NAMED_KINDS, 'appVersion'].map((kind) => `${kind}:…`).join(', ');
  return new TextFault(
    start,
    `${JSON.stringify(word)} is not known; use ${known}, attr.NAME, lastSeen, near(…), box(…), within(…), bucket(…) or everyone`,
  );
}

const term = (json: unknown, start: number, places: [string, number][] = []): TextNode => ({
  json,
  places: new Map([['', start], ...places]),
});

/** `tag:a`, `tag:"a"`, `tag:[a, b]`. */
function parseNames(scanner: TextScanner, start: number, kind: string): TextNode {
  const first = scanner.offset;
  if (!scanner.take('[')) return term({ [kind]: parseName(scanner) }, start, [[`/${kind}`, first]]);
  const names: string[] = [];
  const places: [string, number][] = [[`/${kind}`, first]];
  do {
    places.push([`/${kind}/${names.length}`, scanner.offset]);
    names.push(parseName(scanner));
  } while (scanner.take(','));
  scanner.expect(']');
  return term({ [kind]: names }, start, places);
}

function parseName(scanner: TextScanner): string {
  const name = scanner.quoted() ?? scanner.value();
  if (name === undefined) throw scanner.fault('expected a name');
  return name;
}

function parseVersions(scanner: TextScanner, start: number): TextNode {
  const at = scanner.offset;
  return term({ appVersion: parseName(scanner) }, start, [['/appVersion', at]]);
}

/** `attr.plan = "pro"`, `attr."odd name" exists`. */
function parseAttribute(scanner: TextScanner, start: number, word: string): TextNode {
  const named = word.slice('attr.'.length);
  const name = named === '' ? scanner.quoted() : named;
  if (name === undefined) throw scanner.fault('expected the name of an attribute, such as attr.plan');
  return parseComparison(scanner, start, 'attr', { name });
}

function parseComparison(
  scanner: TextScanner,
  start: number,
  kind: 'attr' | 'lastSeen',
  fields: object,
): TextNode {
  const compared = (operator: string, value: unknown, at: number): TextNode =>
    term({ [kind]: { ...fields, [operator]: value } }, start, [
      [`/${kind}`, start],
      [`/${kind}/${operator}`, at],
    ]);
  const at = scanner.offset;
  if (scanner.takeWord('exists')) return compared('exists', true, at);
  if (scanner.takeWord('missing')) return compared('exists', false, at);
  if (scanner.takeWord('prefix')) return compared('prefix', parseScalar(scanner), at);
  if (scanner.takeWord('in')) return compared('in', parseScalars(scanner), at);
  const [, operator] = COMPARISONS.find(([symbol]) => scanner.take(symbol)) ?? [];
  if (!operator) throw scanner.fault('expected =, !=, <, <=, >, >=, in, prefix, exists or missing');
  const operandAt = scanner.offset;
  const operand = parseOperand(scanner, kind === 'lastSeen');
  if (operator !== 'ne') return compared(operator, operand, operandAt);
  const { json, places } = compared('eq', operand, operandAt);
  return {
    json: { not: json },
    places: new Map([['', start], ...[...places].map(([p, o]): [string, number] => [`/not${p}`, o])]),
  };
}

function parseOperand(scanner: TextScanner, bare: boolean): unknown {
  if (!scanner.take('@')) return parseScalar(scanner);
  const time = scanner.value();
  if (time === undefined) throw scanner.fault('expected a time, such as @2027-05-01T09:00:00Z or @now-7d');
  return bare ? time : { time };
}

function parseScalar(scanner: TextScanner): unknown {
  const text = scanner.quoted();
  if (text !== undefined) return text;
  const start = scanner.offset;
  if (scanner.takeWord('true')) return true;
  if (scanner.takeWord('false')) return false;
  const value = scanner.number();
  if (value === undefined || !Number.isFinite(value))
    throw new TextFault(start, 'expected a number, true, false or a text in double quotes');
  return value;
}

function parseScalars(scanner: TextScanner): unknown[] {
  scanner.expect('[');
  const values: unknown[] = [];
  do values.push(parseScalar(scanner));
  while (scanner.take(','));
  scanner.expect(']');
  return values;
}

const PLACES = { near: ['lat', 'lon', 'radius'], box: ['south', 'west', 'north', 'east'] } as const;

/** `near(lat, lon, 5km)`, `box(south, west, north, east)`, `within({GeoJSON})`, each with `maxAge=1h` at the end. */
function parsePlace(scanner: TextScanner, start: number, word: 'near' | 'box' | 'within'): TextNode {
  scanner.expect('(');
  const kind = word === 'near' ? 'circle' : word === 'box' ? 'box' : 'geojson';
  const places: [string, number][] = [
    ['/area', start],
    [`/area/${kind}`, scanner.offset],
  ];
  const shape: unknown =
    word === 'within' ? scanner.json() : parseNumbers(scanner, PLACES[word], `/area/${kind}`, places);
  const area: Record<string, unknown> = { [kind]: shape };
  if (scanner.take(',')) {
    if (!scanner.takeWord('maxage')) throw scanner.fault('expected maxAge=');
    scanner.expect('=');
    places.push(['/area/maxAge', scanner.offset]);
    area.maxAge = scanner.word() ?? '';
  }
  scanner.expect(')');
  return term({ area }, start, places);
}

/** `bucket(spring, 0, 1000)`. */
function parseBucket(scanner: TextScanner, start: number): TextNode {
  scanner.expect('(');
  const places: [string, number][] = [
    ['/bucket', start],
    ['/bucket/salt', scanner.offset],
  ];
  const salt = parseName(scanner);
  scanner.expect(',');
  const range = parseNumbers(scanner, ['from', 'to'], '/bucket', places);
  scanner.expect(')');
  return term({ bucket: { salt, ...range } }, start, places);
}

function parseNumbers(
  scanner: TextScanner,
  names: readonly string[],
  pointer: string,
  places: [string, number][],
): Record<string, number> {
  const numbers: Record<string, number> = {};
  names.forEach((name, i) => {
    if (i > 0) scanner.expect(',');
    places.push([`${pointer}/${name}`, scanner.offset]);
    const value = scanner.number();
    if (value === undefined) throw scanner.fault(`expected the number ${name}`);
    numbers[name] = name === 'radius' ? value * parseUnit(scanner) : value;
  });
  return numbers;
}

function parseUnit(scanner: TextScanner): number {
  if (scanner.takeWord('km')) return 1_000;
  scanner.takeWord('m');
  return 1;
}
