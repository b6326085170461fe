import type { FenceCrossing } from './geofence.js';

/**
 * What a triggered fence does. Guarantee asked of whoever implements it: the same crossing (fence, device, trigger, beginning of the visit) may be
 * told again and has its effect once.
 */
export abstract class FenceActions {
  abstract fire(crossing: FenceCrossing): Promise<void>;
}
