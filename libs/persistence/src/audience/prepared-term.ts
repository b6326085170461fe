import {
  type AudienceTerm,
  compileShape,
  type CompiledShape,
  isInBucket,
  type RecordTest,
  recordTest,
  type Scalar,
  type ScoreRange,
  scoreRanges,
} from '@carillon/domain';
import type { Store } from '../store.js';
import type { FactNeeds, PageFacts } from './page-facts.js';
import type { StoredList } from './redis-lists.js';

/** A term made ready for one evaluation of an expression. */
export interface PreparedTerm {
  readonly term: AudienceTerm;
  readonly shape?: CompiledShape;
  /** Of an area, the parts of the geo sets that hold it. */
  readonly ranges?: readonly ScoreRange[];
  readonly test?: RecordTest;
  readonly lists?: readonly StoredList[];
  readonly now: number;
}

export function prepareTerm(
  term: AudienceTerm,
  now: number,
  lists: ReadonlyMap<string, StoredList>,
): PreparedTerm {
  if ('area' in term) {
    const shape = compileShape(term.area);
    return { term, now, shape, ranges: scoreRanges(shape.bounds) };
  }
  if ('list' in term) return { term, now, lists: term.list.flatMap((name) => lists.get(name) ?? []) };
  return { term, now, test: recordTest(term, now) };
}

/** The sets of a partition that a term is a union of. */
export function setsOf(
  { keys }: Store,
  app: string,
  partition: number,
  { term, lists = [] }: PreparedTerm,
): string[] {
  if ('everyone' in term) return [keys.allDevices(partition, app)];
  if ('tag' in term) return term.tag.map((tag) => keys.tag(partition, app, tag));
  if ('group' in term) return term.group.map((group) => keys.groupDevices(partition, app, group));
  return lists.flatMap((list) => [
    keys.listDevices(partition, app, list.key),
    keys.listByUser(partition, app, list.key),
  ]);
}

/** Fields of a record that a term reads. */
export function fieldsOf({ term, lists = [] }: PreparedTerm): string[] {
  if ('attr' in term) return [`a:${term.attr.name}`];
  if ('lastSeen' in term) return ['seen'];
  if ('area' in term) return term.area.maxAge === undefined ? [] : ['positionAt'];
  if (lists.some(({ users }) => users > 0)) return ['user'];
  return ['user', 'platform', 'locale', 'appVersion'].filter((name) => name in term);
}

export function needsOf(
  store: Store,
  app: string,
  partition: number,
  terms: readonly PreparedTerm[],
): FactNeeds {
  const has = (kind: string): boolean => terms.some(({ term }) => kind in term);
  return {
    sets: [...new Set(terms.flatMap((each) => setsOf(store, app, partition, each)))],
    fields: [...new Set(terms.flatMap(fieldsOf))],
    positions: has('area'),
    connections: has('presence') || has('lastSeen'),
  };
}

/** Whether the device in a row of the page matches a term that the facts alone decide. */
export function testRow(prepared: PreparedTerm, facts: PageFacts, row: number, id: string): boolean {
  const { term, now, shape, test } = prepared;
  if ('device' in term) return term.device.includes(id);
  if ('bucket' in term) return isInBucket(term.bucket, id);
  if (test) return test(recordFacts(facts, row, now));
  if ('presence' in term) return isPresent(term.presence, facts.connections[row] ?? '');
  if (!('area' in term)) return false;
  const position = facts.positions[row];
  if (!position || !shape!.contains(position)) return false;
  const { maxAge } = term.area;
  return maxAge === undefined || now - Number(facts.fields[row]?.get('positionAt')) <= maxAge * 1_000;
}

function recordFacts(facts: PageFacts, row: number, now: number): Parameters<RecordTest>[0] {
  const fields = facts.fields[row];
  const seen = fields?.get('seen');
  return {
    user: fields?.get('user'),
    platform: fields?.get('platform'),
    locale: fields?.get('locale'),
    appVersion: fields?.get('appVersion'),
    lastSeen: facts.connections[row] ? now : seen === undefined ? undefined : Number(seen),
    attribute: (name) => {
      const json = fields?.get(`a:${name}`);
      return json === undefined ? undefined : (JSON.parse(json) as Scalar);
    },
  };
}

function isPresent(presences: readonly string[], connections: string): boolean {
  if (connections === '') return presences.includes('offline');
  if (presences.includes('online')) return true;
  return connections.split(';').some((each) => presences.includes(each.slice(0, each.indexOf(','))));
}
