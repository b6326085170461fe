import { type Audience, type AudienceTerm, isTerm } from './audience.js';

/**
 * How an audience is found: `drivers` are terms whose union holds everyone whom the expression can match; the expression
 * itself then filters them (`exact` says that there is nothing left to filter).
 */
export interface AudiencePlan {
  readonly drivers: readonly AudienceTerm[];
  readonly exact: boolean;
  /** Only devices and users drive: the target is small and named, no partition has to be searched. */
  readonly direct: boolean;
}

export function planAudience(audience: Audience): AudiencePlan {
  const drivers = driversOf(audience);
  const exact = isTerm(audience) || ('any' in audience && audience.any.every(isTerm));
  return { drivers, exact, direct: drivers.every((term) => 'device' in term || 'user' in term) };
}

function driversOf(node: Audience): AudienceTerm[] {
  if ('any' in node) return node.any.flatMap(driversOf);
  if ('not' in node) return [{ everyone: true }];
  if ('all' in node) {
    const candidates = node.all.map(driversOf);
    return candidates.reduce((best, next) => (cost(next) < cost(best) ? next : best));
  }
  return [node];
}

/** A rough order: named devices before named users, before an indexed set, before a search by place, before everyone. */
function cost(drivers: readonly AudienceTerm[]): number {
  return drivers.reduce((sum, term) => sum + termCost(term), 0);
}

function termCost(term: AudienceTerm): number {
  if ('device' in term) return term.device.length;
  if ('user' in term) return 5 * term.user.length;
  if ('group' in term) return 10_000 * term.group.length;
  if ('tag' in term) return 20_000 * term.tag.length;
  if ('area' in term) return 30_000;
  return 1e9;
}
