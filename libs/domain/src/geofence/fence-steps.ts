import type { Position } from '../area/area.js';
import type { FenceIndex } from './fence-index.js';
import type { FenceTrigger, Geofence, Visit } from './geofence.js';

/**
 * What a new position means for one fence: a visit begins, goes on, or ends. `triggers` are those that are due now and that the visit has not had. A
 * fence that is gone ends its visits without a trigger.
 */
export interface FenceStep {
  readonly fenceId: string;
  readonly fence?: Geofence;
  readonly kind: 'begin' | 'stay' | 'end';
  readonly since: number;
  readonly triggers: readonly FenceTrigger[];
}

/** Steps that change anything, for a position taken at `at` (ms since 1970). */
export function fenceSteps(
  index: FenceIndex,
  visits: readonly Visit[],
  position: Position,
  at: number,
): FenceStep[] {
  const known = new Set(visits.map(({ fenceId }) => fenceId));
  const begun = index
    .at(position)
    .filter(({ fence }) => !known.has(fence.id))
    .map(({ fence }): FenceStep => ({
      fenceId: fence.id,
      fence,
      kind: 'begin',
      since: at,
      triggers: fence.triggers.includes('enter') ? ['enter'] : [],
    }));
  return [...visits.flatMap((visit) => stepOf(index, visit, position, at)), ...begun];
}

function stepOf(index: FenceIndex, visit: Visit, position: Position, at: number): FenceStep[] {
  const { fenceId, since } = visit;
  const found = index.find(fenceId);
  if (!found) return [{ fenceId, kind: 'end', since, triggers: [] }];
  const { fence, shape } = found;
  const due = (trigger: FenceTrigger): boolean =>
    fence.triggers.includes(trigger) && !visit.fired.includes(trigger);
  const entered: FenceTrigger[] = due('enter') ? ['enter'] : [];
  if (shape.metresFrom(position) > fence.hysteresis) {
    return [{ fenceId, fence, kind: 'end', since, triggers: due('exit') ? [...entered, 'exit'] : entered }];
  }
  const stayed = due('dwell') && at - since >= fence.dwellSeconds * 1_000;
  const triggers = stayed ? [...entered, 'dwell' as const] : entered;
  return triggers.length === 0 ? [] : [{ fenceId, fence, kind: 'stay', since, triggers }];
}
