import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import {
  type Campaign,
  type CampaignTrigger,
  type CampaignVariant,
  deliveryTime,
  type FenceCrossing,
  isAtWork,
  ITSELF,
  type Notification,
  ONLINE_ONLY_GRACE,
  openFor,
  runNotification,
  variantFor,
} from '@carillon/domain';
import {
  AudienceResolver,
  readDeviceFacts,
  RedisCampaigns,
  RedisNotifications,
  Store,
} from '@carillon/persistence';
import { RecentReads } from '../recent-reads.js';

/** Sends campaigns' messages to devices that cross geofences: one for each trigger of a visit, by its idempotency key. */
@Injectable()
export class TriggeredCampaigns {
  private readonly triggers: RecentReads<ReadonlyMap<string, CampaignTrigger>>;

  constructor(
    private readonly campaigns: RedisCampaigns,
    private readonly notifications: RedisNotifications,
    private readonly audiences: AudienceResolver,
    private readonly store: Store,
  ) {
    this.triggers = new RecentReads<ReadonlyMap<string, CampaignTrigger>>((app) => campaigns.triggered(app));
  }

  async fire(crossing: FenceCrossing): Promise<void> {
    const { fence, trigger } = crossing;
    const known = await this.triggers.of(fence.app);
    for (const [id, { geofence, on }] of known)
      if (geofence === fence.id && on.includes(trigger)) await this.send(id, crossing);
  }

  private async send(id: string, crossing: FenceCrossing): Promise<void> {
    const { deviceId, fence } = crossing;
    const campaign = await this.campaigns.find(id);
    if (!campaign || !isAtWork(campaign)) return;
    const variant = variantFor(campaign, deviceId);
    if (!variant) return;
    const members = await this.audiences.matchingOf(fence.app, campaign.plan.audience, [deviceId]);
    if (members.length === 0) return;
    const now = Date.now();
    const sent = await this.accept(campaign, variant, crossing, now);
    await this.campaigns.cross(id, { variant: variant.name, notificationId: sent.id }, now);
    if (campaign.state === 'scheduled') await this.begin(id, now);
    // Whoever paused or cancelled it meanwhile did not know of this one.
    if (sent.at > now) await this.campaigns.change(id, now, () => ({ fields: {}, lookAt: now }));
  }

  /** One device has no use for a rate: it is told at once, or when its own time comes and the windows are open. */
  private async accept(
    { id, app }: Campaign,
    { template }: CampaignVariant,
    { fence, deviceId, since, trigger }: FenceCrossing,
    now: number,
  ): Promise<{ id: string; at: number }> {
    const visit = `campaign ${id} ${fence.id} ${deviceId} ${since} ${trigger}`;
    const keyHash = createHash('sha256').update(visit).digest('hex');
    const idempotency = { keyHash, digest: keyHash };
    const at = await this.turnOf(template, deviceId, now);
    const sending = {
      id: this.notifications.newId(app, idempotency, now),
      audience: { device: [deviceId] },
    };
    const notification =
      at === 'over'
        ? runNotification(template, { ...sending, at: now })
        : { ...single(runNotification(template, { ...sending, at })), acceptedAt: now };
    return { id: (await this.notifications.accept(notification, idempotency)).id, at: notification.at };
  }

  /** `over`: it would come behind the end. As a paced notification it gets its receipt then. */
  private async turnOf(
    { at: madeAt, pace }: Notification,
    deviceId: string,
    now: number,
  ): Promise<number | 'over'> {
    if (!pace || (pace.windows.length === 0 && !pace.deliverAt)) return now;
    const facts = await readDeviceFacts(this.store, [deviceId]);
    const device = facts.get(deviceId) ?? {};
    const time = pace.deliverAt ? deliveryTime(pace.deliverAt, device, now) : now;
    if (time === 'passed') return 'over';
    const turn = openFor(pace, device, time);
    return turn - now < pace.notAfter - madeAt ? turn : 'over';
  }

  private async begin(id: string, now: number): Promise<void> {
    await this.campaigns.change(id, now, (campaign) => {
      if (campaign.state !== 'scheduled') return undefined;
      return {
        fields: { state: 'running' },
        change: { at: now, by: ITSELF, action: 'run', state: 'running' },
      };
    });
  }
}

/** For one device there is no pace; its time to live begins with its turn. */
function single(paced: Notification): Notification {
  const { pace: _, ...notification } = paced;
  const { at, ttl } = notification;
  return { ...notification, expiresAt: at + (ttl === 0 ? ONLINE_ONLY_GRACE : ttl * 1_000) };
}
