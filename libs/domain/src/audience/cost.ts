import { cornersOf } from '../area/shape.js';
import { type Audience, type AudienceTerm, kindOf, type TermKind, termsOf } from './audience.js';

/**
 * What finding an audience costs at the worst, in units of one name looked up: an expression beyond this bound is refused. A hundred terms of the
 * usual kind are some hundreds.
 */
export const MAX_AUDIENCE_COST = 20_000;

/** For each value of a term. A set is asked once a page, what stands in a device's record is read for each device. */
const WEIGHTS: Readonly<Record<TermKind, number>> = {
  everyone: 1,
  device: 1,
  user: 2,
  tag: 5,
  group: 5,
  list: 10,
  segment: 5,
  platform: 5,
  locale: 5,
  presence: 5,
  attr: 5,
  appVersion: 10,
  lastSeen: 5,
  area: 20,
  bucket: 1,
};

export function costOf(audience: Audience): number {
  return termsOf(audience).reduce((sum, term) => sum + termCost(term), 0);
}

function termCost(term: AudienceTerm): number {
  const weight = WEIGHTS[kindOf(term)];
  if ('area' in term) return weight + Math.ceil(cornersOf(term.area) / 10);
  if ('attr' in term) return weight + ('in' in term.attr ? term.attr.in.length : 0);
  const [values] = Object.values(term) as [unknown];
  return weight * (Array.isArray(values) ? values.length : 1);
}
