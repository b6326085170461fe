import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type FenceCrossing, type Notification, ONLINE_ONLY_GRACE } from '@carillon/domain';
import { RedisNotifications } from '@carillon/persistence';

/** Sends a fence's notification to the device that triggered it: one for each trigger of a visit, by its idempotency key. */
@Injectable()
export class FenceNotifications {
  constructor(private readonly notifications: RedisNotifications) {}

  async fire({ fence, deviceId, trigger, since }: FenceCrossing): Promise<void> {
    const { app, notification } = fence;
    if (!notification) return;
    const now = Date.now();
    const keyHash = createHash('sha256')
      .update(`geofence ${fence.id} ${deviceId} ${since} ${trigger}`)
      .digest('hex');
    const idempotency = { keyHash, digest: keyHash };
    const { content, ttl, priority, collapseKey } = notification;
    const sent: Notification = {
      ...content,
      id: this.notifications.newId(app, idempotency, now),
      app,
      audience: { device: [deviceId] },
      acceptedAt: now,
      at: now,
      expiresAt: now + (ttl === 0 ? ONLINE_ONLY_GRACE : ttl * 1_000),
      ttl,
      ...(priority === 'high' && { priority }),
      ...(collapseKey !== undefined && { collapseKey }),
    };
    await this.notifications.accept(sent, idempotency);
  }
}
