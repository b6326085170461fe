import type { ConfigFault } from './config-error.js';
import type { Setting } from './environment.js';

/** A CARILLON_* variable that the schema does not know is a fault: most often it is a misspelt one. */
export function unknownVariables(
  settings: ReadonlyMap<string, Setting>,
  known: readonly string[],
): ConfigFault[] {
  return [...settings]
    .filter(
      ([name, { text }]) =>
        name.startsWith('CARILLON_') && !known.includes(name) && !isServiceLink(name, text),
    )
    .map(([name, { text, source }]) => ({
      name,
      given: JSON.stringify(text),
      allowed: `no such variable; did you mean ${nearest(name, known)}?`,
      source,
    }));
}

/** Kubernetes gives the containers beside a service named `carillon…` variables that name its address. */
function isServiceLink(name: string, text: string): boolean {
  return (
    /_SERVICE_(HOST|PORT)(_|$)|_PORT_\d+_(TCP|UDP|SCTP)(_|$)/.test(name) || /^(tcp|udp|sctp):\/\//.test(text)
  );
}

function nearest(name: string, known: readonly string[]): string {
  const candidates = known.map((candidate) => ({ candidate, distance: editDistance(name, candidate) }));
  return candidates.reduce((best, other) => (other.distance < best.distance ? other : best)).candidate;
}

/** Levenshtein's distance, a row at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, character] of from.split('').entries()) {
    const next = [index + 1];
    for (let column = 1; column <= to.length; column++) {
      const replaced = row[column - 1]! + (to[column - 1] === character ? 0 : 1);
      next.push(Math.min(replaced, row[column]! + 1, next[column - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
