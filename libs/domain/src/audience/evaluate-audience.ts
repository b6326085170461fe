import { type Audience, type AudienceTerm, isTerm } from './audience.js';

/** For one term, whether each device of a page matches it. */
export type TermMatches = ReadonlyMap<AudienceTerm, readonly boolean[]>;

/** Whether the device at `index` of the page matches the expression, given each term's answer for the page. */
export function matches(audience: Audience, terms: TermMatches, index: number): boolean {
  if (isTerm(audience)) return terms.get(audience)?.[index] ?? false;
  if ('all' in audience) return audience.all.every((node) => matches(node, terms, index));
  if ('any' in audience) return audience.any.some((node) => matches(node, terms, index));
  return !matches(audience.not, terms, index);
}
