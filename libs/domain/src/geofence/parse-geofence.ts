import { parseShape } from '../area/parse-area.js';
import type { Shape } from '../area/shape.js';
import { CarillonError } from '../errors/carillon-error.js';
import { FaultList } from '../faults.js';

/** @throws CarillonError `invalid-request` with every fault */
export function parseFenceArea(json: unknown, pointer = '/area'): Shape {
  const faults = new FaultList();
  const shape = parseShape(json, pointer, faults);
  if (shape) return shape;
  const first = faults.faults[0]!;
  throw new CarillonError('invalid-request', `${first.pointer} ${first.detail}`, { faults: faults.faults });
}
