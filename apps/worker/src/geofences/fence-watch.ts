import { Injectable } from '@nestjs/common';
import {
  type DevicePosition,
  FenceActions,
  type FenceIndex,
  type FenceStep,
  fenceSteps,
  type FenceTrigger,
  type Geofence,
} from '@carillon/domain';
import { type CapCount, RedisPositions } from '@carillon/persistence';
import { FenceCatalog } from './fence-catalog.js';

/** A position counts although one is known that was taken up to so much later, ms: workers may be behind what the API has written, or overtake one another. */
const LATENESS = 60_000;

/**
 * Follows devices in and out of fences. What is triggered is done before it is noted, and has its effect once by its own: so a worker may die in
 * between, and nothing is lost or done twice.
 */
@Injectable()
export class FenceWatch {
  constructor(
    private readonly positions: RedisPositions,
    private readonly catalog: FenceCatalog,
    private readonly actions: FenceActions,
  ) {}

  async place(app: string, deviceId: string, position: DevicePosition): Promise<void> {
    const [placing, index] = await Promise.all([
      this.positions.place(app, deviceId, position, LATENESS),
      this.catalog.of(app),
    ]);
    // Whoever placed the newer one may have seen the visits as they were before this one, and whoever took this one first may have died.
    if (placing.outcome === 'old') await this.follow(deviceId, index);
    if (placing.outcome !== 'placed') return;
    const steps = fenceSteps(index, placing.visits, position, position.at);
    if (steps.length === 0) return;
    await this.takeAll(deviceId, steps, position.at, placing.caps);
    await this.follow(deviceId, index, position.at);
  }

  /** A newer position may have been looked at before the steps of an older one were noted: it is looked at again. */
  private async follow(deviceId: string, index: FenceIndex, lookedAt?: number): Promise<void> {
    const stand = await this.positions.stand(deviceId);
    if (!stand || stand.position.at === lookedAt) return;
    const { position, visits, caps } = stand;
    const steps = fenceSteps(index, visits, position, position.at);
    if (steps.length === 0) return;
    await this.takeAll(deviceId, steps, position.at, caps);
    await this.follow(deviceId, index, position.at);
  }

  private async takeAll(
    deviceId: string,
    steps: readonly FenceStep[],
    at: number,
    caps: ReadonlyMap<string, CapCount>,
  ): Promise<void> {
    for (const step of steps) await this.take(deviceId, step, at, caps);
  }

  /** A visit that has lasted long enough, although the device has not said anything since. */
  async lookAt(app: string, deviceId: string, fenceId: string, now: number): Promise<void> {
    const [visits, caps, index] = await Promise.all([
      this.positions.visits(deviceId),
      this.positions.caps(deviceId),
      this.catalog.of(app),
    ]);
    const step = longStep(
      index,
      visits.find((visit) => visit.fenceId === fenceId),
      now,
    );
    if (step) await this.take(deviceId, step, now, caps);
  }

  private async take(
    deviceId: string,
    step: FenceStep,
    at: number,
    caps: ReadonlyMap<string, CapCount>,
  ): Promise<void> {
    const { fenceId, fence, kind } = step;
    const since = kind === 'begin' ? await this.positions.begin(deviceId, fence!, step.since) : step.since;
    if (since === undefined) return;
    let cap = caps.get(fenceId);
    for (const trigger of step.triggers) {
      const next = fence && counted(fence, cap, at);
      if (next !== 'capped') {
        await this.actions.fire({ fence: fence!, deviceId, trigger, since, at });
        cap = next;
      }
      if (trigger !== 'exit') await this.positions.note(deviceId, fenceId, since, trigger, cap);
    }
    if (kind === 'end') await this.positions.end(deviceId, fenceId, since, at, cap);
  }
}

/** The count with one more; undefined without a cap. */
function counted(
  { cap }: Geofence,
  before: CapCount | undefined,
  at: number,
): CapCount | 'capped' | undefined {
  if (!cap) return undefined;
  if (!before || at - before.since >= cap.seconds * 1_000) return { since: at, count: 1 };
  return before.count >= cap.max ? 'capped' : { since: before.since, count: before.count + 1 };
}

function longStep(
  index: FenceIndex,
  visit: { fenceId: string; since: number; fired: readonly FenceTrigger[] } | undefined,
  now: number,
): FenceStep | undefined {
  const fence = visit && index.find(visit.fenceId)?.fence;
  if (!fence || visit.fired.includes('dwell') || !fence.triggers.includes('dwell')) return undefined;
  if (now - visit.since < fence.dwellSeconds * 1_000) return undefined;
  return { fenceId: fence.id, fence, kind: 'stay', since: visit.since, triggers: ['dwell'] };
}
