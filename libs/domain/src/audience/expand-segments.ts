import type { Audience } from './audience.js';

export type Expansion =
  | {
      readonly ok: true;
      readonly audience: Audience;
      /** Names that nobody has saved: they mean nobody. */ readonly unknown: readonly string[];
    }
  /** The names around the circle, the first one again at the end. */
  | { readonly ok: false; readonly cycle: readonly string[] };

const NOBODY: Audience = { not: { everyone: true } };

class Cycle extends Error {
  constructor(readonly names: readonly string[]) {
    super(names.join(' → '));
  }
}

/** Puts what segments stand for in the place of their names. Equal parts of the tree may be one object. */
export function expandSegments(audience: Audience, saved: (name: string) => Audience | undefined): Expansion {
  const done = new Map<string, Audience>();
  const unknown = new Set<string>();
  const named = (name: string, path: readonly string[]): Audience => {
    const start = path.indexOf(name);
    if (start >= 0) throw new Cycle([...path.slice(start), name]);
    const found = done.get(name) ?? saved(name);
    if (!found) unknown.add(name);
    const expanded = done.get(name) ?? (found ? expand(found, [...path, name]) : NOBODY);
    done.set(name, expanded);
    return expanded;
  };
  const expand = (node: Audience, path: readonly string[]): Audience => {
    if ('all' in node) return { all: node.all.map((inner) => expand(inner, path)) };
    if ('any' in node) return { any: node.any.map((inner) => expand(inner, path)) };
    if ('not' in node) return { not: expand(node.not, path) };
    if (!('segment' in node)) return node;
    const nodes = node.segment.map((name) => named(name, path));
    return nodes.length === 1 ? nodes[0]! : { any: nodes };
  };
  try {
    return { ok: true, audience: expand(audience, []), unknown: [...unknown] };
  } catch (error) {
    if (error instanceof Cycle) return { ok: false, cycle: error.names };
    throw error;
  }
}

/** Names of the segments that an expression refers to. */
export function segmentsIn(node: Audience): string[] {
  if ('all' in node) return node.all.flatMap(segmentsIn);
  if ('any' in node) return node.any.flatMap(segmentsIn);
  if ('not' in node) return segmentsIn(node.not);
  return 'segment' in node ? [...node.segment] : [];
}
