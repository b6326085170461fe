import { Injectable } from '@nestjs/common';
import { allowedFrom, type Notification, openFor, rateAt } from '@carillon/domain';
import {
  type DueDevices,
  type NotificationRecord,
  PacedNotifications,
  readDeviceFacts,
  RedisNotifications,
  Store,
  WaitingDevices,
} from '@carillon/persistence';
import { Depositor } from '../fan-out/depositor.js';

/** `more`: there is more to do at once; `done`: nobody waits any more. */
export type StepOutcome = 'more' | 'done' | { readonly until: number };

/** Devices of one partition that one step takes at most. */
const PAGE = 250;
/** What a rate allows in so long is taken in one step, ms. */
const SLICE = 200;
/** How soon a change is noticed while nothing is sent, ms. */
const LOOK_AGAIN = 500;
/** A step that has sent for so long is over, ms: a pause takes effect within a second, also where deposits are slow or texts dear. */
const SEND_MS = 300;
/** Partitions that are deposited in at the same time. */
const PARTITIONS_AT_ONCE = 8;

/** Gives the next devices of a paced notification their turn. A step that was interrupted may be done again: nobody gets anything twice. */
@Injectable()
export class PacedSender {
  constructor(
    private readonly notifications: RedisNotifications,
    private readonly paced: PacedNotifications,
    private readonly waiting: WaitingDevices,
    private readonly depositor: Depositor,
    private readonly store: Store,
  ) {}

  async step(id: string): Promise<StepOutcome> {
    const record = await this.notifications.find(id);
    const now = Date.now();
    if (!record || record.status === 'cancelled' || record.status === 'recalled') return this.stop(id, now);
    if (record.paused) return { until: now + LOOK_AGAIN };
    const { notification } = record;
    const pace = notification.pace!;
    const partitions = partitionsOf(record, this.store);
    if (now >= pace.notAfter) return this.suppressRest(notification, partitions, now);
    const open = pace.clock === 'device' ? now : allowedFrom(now, pace.zone, pace.windows);
    if (open > now) return { until: Math.min(open, pace.notAfter, now + LOOK_AGAIN) };
    const rate = rateAt(pace, now - notification.at);
    const due = await this.waiting.due(id, partitions, now, pageFor(rate, partitions.length));
    if (due.length === 0) return this.finish(id, partitions, now);
    const awake = pace.clock === 'device' ? await this.deferClosed(notification, due, now) : due;
    return awake.length === 0 ? 'more' : this.send(notification, rate, awake, now);
  }

  /** Those whose own clocks are outside of the windows get a later turn. @returns the others */
  private async deferClosed(
    { id, pace }: Notification,
    due: readonly DueDevices[],
    now: number,
  ): Promise<DueDevices[]> {
    const opening = new Map<string, number>();
    const awake = await Promise.all(
      due.map(async ({ partition, deviceIds }) => {
        const facts = await readDeviceFacts(this.store, deviceIds);
        const later = new Map<string, number>();
        for (const deviceId of deviceIds) {
          const { timeZone = '' } = facts.get(deviceId) ?? {};
          const opens = opening.get(timeZone) ?? openFor(pace!, { timeZone }, now);
          opening.set(timeZone, opens);
          if (opens > now) later.set(deviceId, opens);
        }
        if (later.size > 0) await this.waiting.defer(id, partition, later);
        return { partition, deviceIds: deviceIds.filter((deviceId) => !later.has(deviceId)) };
      }),
    );
    return awake.filter(({ deviceIds }) => deviceIds.length > 0);
  }

  private async send(
    notification: Notification,
    rate: number | undefined,
    due: readonly DueDevices[],
    now: number,
  ): Promise<StepOutcome> {
    const { id, at } = notification;
    const wanted = due.reduce((sum, { deviceIds }) => sum + deviceIds.length, 0);
    const { granted, wait } =
      rate === undefined ? { granted: wanted, wait: 0 } : await this.paced.permits(id, rate, wanted, now);
    const pages = inTurn(due, granted);
    for (let i = 0; i < pages.length; i += PARTITIONS_AT_ONCE) {
      // The permits of the others are lost: where a deposit takes longer than its turn there is no rate to be kept.
      if (Date.now() - now > SEND_MS) return 'more';
      await Promise.all(
        pages.slice(i, i + PARTITIONS_AT_ONCE).map(async (page) => {
          await this.depositor.deposit(notification, page.deviceIds, at);
          await this.waiting.remove(id, page);
        }),
      );
    }
    return granted === wanted ? 'more' : { until: Math.min(now + wait, Date.now() + LOOK_AGAIN) };
  }

  private async finish(id: string, partitions: readonly number[], now: number): Promise<StepOutcome> {
    const next = await this.waiting.next(id, partitions);
    if (next !== undefined) return { until: Math.min(Math.max(next, now), now + LOOK_AGAIN) };
    return (await this.paced.finish(id, now)) ? 'done' : { until: now + LOOK_AGAIN };
  }

  private async suppressRest(
    notification: Notification,
    partitions: readonly number[],
    now: number,
  ): Promise<StepOutcome> {
    const rest = await this.waiting.due(notification.id, partitions, '+inf', PAGE);
    if (rest.length === 0) return this.finish(notification.id, partitions, now);
    await this.waiting.suppress(notification, rest, 'not after');
    return 'more';
  }

  private async stop(id: string, now: number): Promise<StepOutcome> {
    await this.waiting.clear(id, this.store.allPartitions());
    // What a task adds behind it goes when its time is over, and nobody looks at it.
    await this.paced.finish(id, now);
    return 'done';
  }
}

/** Until the audience was resolved any partition may have somebody. */
const partitionsOf = ({ partitions }: NotificationRecord, store: Store): readonly number[] =>
  partitions ?? store.allPartitions();

/** Of one partition: what the rate allows, evenly from all of them. */
const pageFor = (rate: number | undefined, partitions: number): number =>
  rate === undefined ? PAGE : Math.min(PAGE, Math.ceil((rate * SLICE) / 1000 / partitions));

/** So many devices, evenly from all partitions. */
function inTurn(due: readonly DueDevices[], wanted: number): DueDevices[] {
  const taken = due.map(({ partition }) => ({ partition, deviceIds: [] as string[] }));
  let left = wanted;
  for (let place = 0; left > 0; place++) {
    const before = left;
    for (const [i, { deviceIds }] of due.entries()) {
      if (left === 0 || place >= deviceIds.length) continue;
      taken[i]!.deviceIds.push(deviceIds[place]!);
      left--;
    }
    if (left === before) break;
  }
  return taken.filter(({ deviceIds }) => deviceIds.length > 0);
}
