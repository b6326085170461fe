import { MAX_AUDIENCE_DEPTH } from '../audience.js';
import { parseTextTerm } from './text-term.js';
import { placeIn, TextFault, TextScanner } from './text-scanner.js';

/** The JSON form that a text stands for, and where in the text each part of it stands. */
export interface TextTree {
  readonly json: unknown;
  /** Of a JSON pointer: the place of the innermost part that has one. */
  placeOf(pointer: string): string;
}

export type ParsedText =
  { readonly ok: true; readonly tree: TextTree } | { readonly ok: false; readonly detail: string };

/** A part of the tree: its JSON, and offsets by pointer relative to it. */
export interface TextNode {
  readonly json: unknown;
  readonly places: ReadonlyMap<string, number>;
}

export const MAX_TEXT_LENGTH = 262_144;

/**
 * Reads `group:vip and not tag:muted and near(31.23,121.47,5km)`. `or` binds weakest, then `and`, then `not`; parentheses
 * group. What the values may be is checked on the JSON that comes out.
 */
export function parseText(text: string): ParsedText {
  if (text.length > MAX_TEXT_LENGTH)
    return { ok: false, detail: `is longer than ${MAX_TEXT_LENGTH} characters` };
  const scanner = new TextScanner(text);
  try {
    const node = parseJoined(scanner, 0, 1);
    if (!scanner.atEnd) throw scanner.fault('expected "and", "or" or the end');
    return { ok: true, tree: { json: node.json, placeOf: (pointer) => placeOf(text, node, pointer) } };
  } catch (error) {
    if (!(error instanceof TextFault)) throw error;
    return { ok: false, detail: `${placeIn(text, error.offset)}: ${error.message}` };
  }
}

/** By how strongly they bind. */
const JOINTS = [
  { word: 'or', kind: 'any' },
  { word: 'and', kind: 'all' },
] as const;

function parseJoined(scanner: TextScanner, level: number, depth: number): TextNode {
  const joint = JOINTS[level];
  if (!joint) return parseUnary(scanner, depth);
  const start = scanner.offset;
  const nodes = [parseJoined(scanner, level + 1, depth)];
  while (scanner.takeWord(joint.word)) nodes.push(parseJoined(scanner, level + 1, depth));
  return nodes.length === 1 ? nodes[0]! : joined(joint.kind, nodes, start);
}

function parseUnary(scanner: TextScanner, depth: number): TextNode {
  const start = scanner.offset;
  if (depth > 2 * MAX_AUDIENCE_DEPTH)
    throw new TextFault(start, `is nested more than ${MAX_AUDIENCE_DEPTH} deep`);
  if (scanner.takeWord('not')) {
    const inner = parseUnary(scanner, depth + 1);
    return { json: { not: inner.json }, places: under('/not', inner, start) };
  }
  if (!scanner.take('(')) return parseTextTerm(scanner);
  const inner = parseJoined(scanner, 0, depth + 1);
  scanner.expect(')');
  return inner;
}

function joined(kind: 'all' | 'any', nodes: readonly TextNode[], start: number): TextNode {
  const places = new Map([['', start]]);
  nodes.forEach((node, i) => {
    for (const [pointer, offset] of node.places) places.set(`/${kind}/${i}${pointer}`, offset);
  });
  return { json: { [kind]: nodes.map(({ json }) => json) }, places };
}

function under(prefix: string, { places }: TextNode, start: number): Map<string, number> {
  return new Map([
    ['', start],
    ...[...places].map(([at, offset]): [string, number] => [prefix + at, offset]),
  ]);
}

function placeOf(text: string, { places }: TextNode, pointer: string): string {
  for (let at = pointer; ; at = at.slice(0, at.lastIndexOf('/'))) {
    const offset = places.get(at);
    if (offset !== undefined) return placeIn(text, offset);
    if (at === '') return placeIn(text, 0);
  }
}
