import { CarillonError, type Fault } from '../errors/carillon-error.js';
import { escapePointer, FaultList, isPlainObject } from '../faults.js';
import {
  type Audience,
  AUDIENCE_KINDS,
  type AudienceKind,
  MAX_AUDIENCE_DEPTH,
  MAX_AUDIENCE_TERMS,
  termsOf,
} from './audience.js';
import { costOf, MAX_AUDIENCE_COST } from './cost.js';
import { parseTerm } from './parse-term.js';
import { parseText, type TextTree } from './text/parse-text.js';

/**
 * Reads an audience: its text form where it is a string, else its JSON form. Every fault is found, each with its JSON pointer, in a text with
 * line and column. A list of one expression becomes that expression, so that both forms give the same tree.
 * @throws CarillonError `invalid-audience`; `audience-too-costly` with its `cost`
 */
export function parseAudience(input: unknown, pointer = '/audience'): Audience {
  const text = typeof input === 'string' ? parseText(input) : undefined;
  if (text && !text.ok) throw invalid([{ pointer, detail: text.detail }]);
  const faults = new FaultList();
  const root = text ? '' : pointer;
  const audience = parseNode(text ? text.tree.json : input, root, 1, faults);
  if (audience) checkTerms(audience, root, faults);
  if (!audience || faults.faults.length > 0) {
    throw invalid(text ? faults.faults.map((fault) => placed(fault, text.tree, pointer)) : faults.faults);
  }
  checkCost(audience, pointer);
  return audience;
}

/** @throws CarillonError `audience-too-costly` */
export function checkCost(audience: Audience, pointer: string): void {
  const cost = costOf(audience);
  if (cost <= MAX_AUDIENCE_COST) return;
  const detail = `costs ${cost}, of at most ${MAX_AUDIENCE_COST}: use a group, a list or a simpler area`;
  throw new CarillonError('audience-too-costly', `${pointer}: ${detail}`, {
    faults: [{ pointer, detail }],
    extensions: { cost, maxCost: MAX_AUDIENCE_COST },
  });
}

function invalid(faults: readonly Fault[]): CarillonError {
  const first = faults[0]!;
  return new CarillonError('invalid-audience', `${first.pointer}: ${first.detail}`, { faults });
}

/** A fault of the tree that a text stands for, at its place in the text. */
function placed({ pointer: inTree, detail }: Fault, tree: TextTree, pointer: string): Fault {
  return { pointer, detail: `${tree.placeOf(inTree)}: ${detail}` };
}

function checkTerms(audience: Audience, pointer: string, faults: FaultList): void {
  const count = termsOf(audience).length;
  if (count > MAX_AUDIENCE_TERMS)
    faults.add(pointer, `has ${count} terms, more than ${MAX_AUDIENCE_TERMS} terms`);
}

function parseNode(json: unknown, pointer: string, depth: number, faults: FaultList): Audience | undefined {
  const kind = kindOf(json, pointer, faults);
  if (!kind) return undefined;
  if (depth > MAX_AUDIENCE_DEPTH)
    return faults.add(pointer, `is nested more than ${MAX_AUDIENCE_DEPTH} deep`);
  const value = (json as Record<string, unknown>)[kind];
  const at = `${pointer}/${kind}`;
  if (kind === 'all' || kind === 'any') return parseList(kind, value, at, depth, faults);
  if (kind !== 'not') return parseTerm(kind, value, at, faults);
  const inner = parseNode(value, at, depth + 1, faults);
  return inner && { not: inner };
}

function kindOf(json: unknown, pointer: string, faults: FaultList): AudienceKind | undefined {
  if (!isPlainObject(json))
    return faults.add(pointer, `must be an object with one of: ${AUDIENCE_KINDS.join(', ')}`);
  const names = Object.keys(json);
  const foreign = names.find((name) => !(AUDIENCE_KINDS as readonly string[]).includes(name));
  if (foreign !== undefined) {
    return faults.add(
      `${pointer}/${escapePointer(foreign)}`,
      `is not known; use one of: ${AUDIENCE_KINDS.join(', ')}`,
    );
  }
  if (names.length === 1) return names[0] as AudienceKind;
  const detail = names.length === 0 ? 'is empty' : `has ${names.length} members (${names.join(', ')})`;
  return faults.add(pointer, `${detail}; an expression has exactly one: join several by "all" or "any"`);
}

function parseList(
  kind: 'all' | 'any',
  json: unknown,
  pointer: string,
  depth: number,
  faults: FaultList,
): Audience | undefined {
  if (!Array.isArray(json) || json.length === 0 || json.length > MAX_AUDIENCE_TERMS)
    return faults.add(pointer, `must be an array of 1 to ${MAX_AUDIENCE_TERMS} expressions`);
  const nodes = json.map((item, i) => parseNode(item, `${pointer}/${i}`, depth + 1, faults));
  if (nodes.some((node) => node === undefined)) return undefined;
  if (nodes.length === 1) return nodes[0];
  return { [kind]: nodes } as unknown as Audience;
}
