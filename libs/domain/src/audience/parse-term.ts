import semver from 'semver';
import { parseArea } from '../area/parse-area.js';
import type { FaultList } from '../faults.js';
import { DEVICE_ID, DEVICE_ID_RULE, NAME, NAME_RULE } from '../identifiers.js';
import { TRANSPORT_KINDS } from '../notification/notification.js';
import { type AudienceTerm, MAX_TERM_VALUES, type NamedKind, type TermKind } from './audience.js';
import { BUCKET_COUNT, type BucketTerm } from './bucket.js';
import { parseAttribute, parseLastSeen } from './parse-comparison.js';

export const PRESENCES: readonly string[] = ['online', 'offline', ...TRANSPORT_KINDS];

/** RFC 5646 in outline: a language, then subtags. */
export const LOCALE = /^[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8}){0,8}$/;
export const LOCALE_RULE = 'must be a language tag, such as "de" or "pt-BR"';

interface NameRule {
  readonly fits: (name: string) => boolean;
  readonly rule: string;
}
const NAMED: NameRule = { fits: (name) => NAME.test(name), rule: NAME_RULE };
const RULES: Readonly<Record<NamedKind, NameRule>> = {
  user: NAMED,
  group: NAMED,
  tag: NAMED,
  segment: NAMED,
  list: NAMED,
  device: { fits: (name) => DEVICE_ID.test(name), rule: DEVICE_ID_RULE },
  platform: {
    fits: (name) => name.length > 0 && name.length <= 64,
    rule: 'must be a string of 1 to 64 characters',
  },
  locale: { fits: (name) => LOCALE.test(name), rule: LOCALE_RULE },
  presence: { fits: (name) => PRESENCES.includes(name), rule: `must be one of: ${PRESENCES.join(', ')}` },
};

/** Reads a term's value; undefined when it is wrong, which `faults` tells. */
export function parseTerm(
  kind: TermKind,
  json: unknown,
  pointer: string,
  faults: FaultList,
): AudienceTerm | undefined {
  switch (kind) {
    case 'everyone':
      return json === true ? { everyone: true } : faults.add(pointer, 'must be true');
    case 'area': {
      const area = parseArea(json, pointer, faults);
      return area && { area };
    }
    case 'appVersion':
      return parseVersions(json, pointer, faults);
    case 'attr':
      return parseAttribute(json, pointer, faults);
    case 'lastSeen':
      return parseLastSeen(json, pointer, faults);
    case 'bucket':
      return parseBucket(json, pointer, faults);
    default:
      return { [kind]: parseNames(RULES[kind], json, pointer, faults) } as unknown as AudienceTerm;
  }
}

/** One name or several, each once. */
function parseNames({ fits, rule }: NameRule, json: unknown, pointer: string, faults: FaultList): string[] {
  const values: unknown[] = Array.isArray(json) ? json : [json];
  if (values.length === 0 || values.length > MAX_TERM_VALUES) {
    faults.add(pointer, `must be a string or an array of 1 to ${MAX_TERM_VALUES} strings`);
    return [];
  }
  values.forEach((value, i) => {
    if (typeof value === 'string' && fits(value)) return;
    faults.add(Array.isArray(json) ? `${pointer}/${i}` : pointer, rule);
  });
  return [...new Set(values as string[])];
}

function parseVersions(json: unknown, pointer: string, faults: FaultList): AudienceTerm | undefined {
  const isRange = typeof json === 'string' && json.length <= 256 && json.trim() !== '';
  if (isRange && semver.validRange(json) !== null) return { appVersion: json.trim() };
  return faults.add(pointer, 'must be a range of versions, such as ">=2.1.0 <3" or "2.x || 4.0.1"');
}

const BUCKET_RULE = `must be {"salt": a name, "from": 0 to ${BUCKET_COUNT - 1}, "to": above it, up to ${BUCKET_COUNT}}`;

function parseBucket(json: unknown, pointer: string, faults: FaultList): AudienceTerm | undefined {
  const members = faults.object(json, pointer, ['salt', 'from', 'to']);
  if (!members) return undefined;
  const { salt, from, to } = members as unknown as BucketTerm;
  const isRange = [from, to].every(Number.isInteger) && 0 <= from && from < to && to <= BUCKET_COUNT;
  if (isRange && typeof salt === 'string' && NAME.test(salt)) return { bucket: { salt, from, to } };
  return faults.add(pointer, BUCKET_RULE);
}
