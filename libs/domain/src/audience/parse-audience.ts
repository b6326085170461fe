import { MAX_LATITUDE, MAX_RADIUS, type Circle } from '../area/area.js';
import { CarillonError, type Fault } from '../errors/carillon-error.js';
import { DEVICE_ID, DEVICE_ID_RULE, NAME, NAME_RULE } from '../identifiers.js';
import {
  type Audience,
  MAX_AUDIENCE_DEPTH,
  MAX_AUDIENCE_TERMS,
  MAX_TERM_VALUES,
  termsOf,
} from './audience.js';

const KINDS = ['user', 'device', 'group', 'tag', 'area', 'everyone', 'all', 'any', 'not'] as const;

/**
 * Reads the JSON form of an audience. Every fault is found, each with its JSON pointer.
 * @throws CarillonError `invalid-audience`
 */
export function parseAudience(json: unknown, pointer = '/audience'): Audience {
  const faults: Fault[] = [];
  const audience = parseNode(json, pointer, 1, faults);
  if (audience && termsOf(audience).length > MAX_AUDIENCE_TERMS) {
    faults.push({ pointer, detail: `has more than ${MAX_AUDIENCE_TERMS} terms` });
  }
  if (!audience || faults.length > 0) {
    const first = faults[0]!;
    throw new CarillonError('invalid-audience', `${first.pointer}: ${first.detail}`, { faults });
  }
  return audience;
}

function parseNode(json: unknown, pointer: string, depth: number, faults: Fault[]): Audience | undefined {
  const kind = kindOf(json, pointer, faults);
  if (!kind) return undefined;
  if (depth > MAX_AUDIENCE_DEPTH) {
    faults.push({ pointer, detail: `is nested more than ${MAX_AUDIENCE_DEPTH} deep` });
    return undefined;
  }
  const value = (json as Record<string, unknown>)[kind];
  const at = `${pointer}/${kind}`;
  switch (kind) {
    case 'all':
    case 'any':
      return parseList(kind, value, at, depth, faults);
    case 'not': {
      const inner = parseNode(value, at, depth + 1, faults);
      return inner && { not: inner };
    }
    case 'area':
      return parseArea(value, at, faults);
    case 'everyone':
      if (value !== true) faults.push({ pointer: at, detail: 'must be true' });
      return { everyone: true };
    default:
      return { [kind]: parseValues(kind, value, at, faults) } as unknown as Audience;
  }
}

function kindOf(json: unknown, pointer: string, faults: Fault[]): (typeof KINDS)[number] | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    faults.push({ pointer, detail: `must be an object with one of: ${KINDS.join(', ')}` });
    return undefined;
  }
  const names = Object.keys(json);
  for (const name of names) {
    if (!(KINDS as readonly string[]).includes(name)) {
      faults.push({
        pointer: `${pointer}/${escape(name)}`,
        detail: `is not known; use one of: ${KINDS.join(', ')}`,
      });
      return undefined;
    }
  }
  if (names.length !== 1) {
    const detail = names.length === 0 ? 'is empty' : `has ${names.length} members (${names.join(', ')})`;
    faults.push({
      pointer,
      detail: `${detail}; an expression has exactly one: join several by "all" or "any"`,
    });
    return undefined;
  }
  return names[0] as (typeof KINDS)[number];
}

function parseList(
  kind: 'all' | 'any',
  json: unknown,
  pointer: string,
  depth: number,
  faults: Fault[],
): Audience | undefined {
  if (!Array.isArray(json) || json.length === 0 || json.length > MAX_AUDIENCE_TERMS) {
    faults.push({ pointer, detail: `must be an array of 1 to ${MAX_AUDIENCE_TERMS} expressions` });
    return undefined;
  }
  const nodes = json.map((item, i) => parseNode(item, `${pointer}/${i}`, depth + 1, faults));
  if (nodes.some((node) => node === undefined)) return undefined;
  return { [kind]: nodes } as unknown as Audience;
}

function parseValues(kind: string, json: unknown, pointer: string, faults: Fault[]): string[] {
  const values: unknown[] = Array.isArray(json) ? json : [json];
  if (values.length === 0 || values.length > MAX_TERM_VALUES) {
    faults.push({ pointer, detail: `must be a string or an array of 1 to ${MAX_TERM_VALUES} strings` });
    return [];
  }
  const [pattern, rule] = kind === 'device' ? [DEVICE_ID, DEVICE_ID_RULE] : [NAME, NAME_RULE];
  values.forEach((value, i) => {
    if (typeof value === 'string' && pattern.test(value)) return;
    faults.push({ pointer: Array.isArray(json) ? `${pointer}/${i}` : pointer, detail: rule });
  });
  return [...new Set(values as string[])];
}

function parseArea(json: unknown, pointer: string, faults: Fault[]): Audience | undefined {
  const circle = (json as { circle?: unknown } | null)?.circle;
  if (typeof circle !== 'object' || circle === null || Object.keys(json as object).length !== 1) {
    faults.push({ pointer, detail: 'must be {"circle": {"lat", "lon", "radius"}}' });
    return undefined;
  }
  const at = `${pointer}/circle`;
  for (const name of Object.keys(circle)) {
    if (!['lat', 'lon', 'radius'].includes(name)) {
      faults.push({
        pointer: `${at}/${escape(name)}`,
        detail: 'is not known; a circle has lat, lon, radius',
      });
    }
  }
  const { lat, lon, radius } = circle as Record<string, unknown>;
  checkNumber(lat, `${at}/lat`, -MAX_LATITUDE, MAX_LATITUDE, 'degrees', faults);
  checkNumber(lon, `${at}/lon`, -180, 180, 'degrees', faults);
  checkNumber(radius, `${at}/radius`, 1, MAX_RADIUS, 'metres', faults);
  return { area: { circle: { lat, lon, radius } as Circle } };
}

function checkNumber(
  value: unknown,
  pointer: string,
  min: number,
  max: number,
  unit: string,
  faults: Fault[],
): void {
  if (typeof value === 'number' && value >= min && value <= max) return;
  faults.push({ pointer, detail: `must be a number from ${min} to ${max} (${unit})` });
}

const escape = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
