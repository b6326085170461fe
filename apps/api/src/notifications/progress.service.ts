import { Injectable } from '@nestjs/common';
import { allowedFrom, formatInstant, rateAt } from '@carillon/domain';
import { type NotificationRecord, Store, WaitingDevices } from '@carillon/persistence';
import type { ProgressView } from './notification.view.js';

/** How far a paced notification has come: told from who still waits, not from counters. */
@Injectable()
export class ProgressService {
  constructor(
    private readonly waiting: WaitingDevices,
    private readonly store: Store,
  ) {}

  async of({ notification, partitions }: NotificationRecord): Promise<ProgressView | undefined> {
    const { id, at, pace } = notification;
    if (!pace) return undefined;
    const now = Date.now();
    const parts = partitions ?? this.store.allPartitions();
    const waiting = await this.waiting.count(id, parts);
    const perSecond = rateAt(pace, now - at);
    const resumesAt = pace.clock === 'device' ? now : allowedFrom(now, pace.zone, pace.windows);
    const nextAt = waiting > 0 ? await this.waiting.next(id, parts) : undefined;
    return {
      waiting,
      ...(perSecond !== undefined && { perSecond, secondsLeft: Math.ceil(waiting / perSecond) }),
      ...(waiting > 0 && resumesAt > now && { resumesAt: formatInstant(resumesAt) }),
      ...(nextAt !== undefined && nextAt > now && { nextAt: formatInstant(nextAt) }),
      notAfter: formatInstant(pace.notAfter),
    };
  }
}
