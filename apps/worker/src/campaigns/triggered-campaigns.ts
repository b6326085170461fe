import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import {
  type Campaign,
  type CampaignTrigger,
  type CampaignVariant,
  type FenceCrossing,
  isAtWork,
  ITSELF,
  runNotification,
  variantFor,
} from '@carillon/domain';
import { AudienceResolver, RedisCampaigns, RedisNotifications } from '@carillon/persistence';
import { RecentReads } from '../recent-reads.js';

/** Sends campaigns' messages to devices that cross geofences: one for each trigger of a visit, by its idempotency key. */
@Injectable()
export class TriggeredCampaigns {
  private readonly triggers: RecentReads<ReadonlyMap<string, CampaignTrigger>>;

  constructor(
    private readonly campaigns: RedisCampaigns,
    private readonly notifications: RedisNotifications,
    private readonly audiences: AudienceResolver,
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
    const notificationId = await this.accept(campaign, variant, crossing, now);
    await this.campaigns.cross(id, { variant: variant.name, notificationId }, now);
    if (campaign.state === 'scheduled') await this.begin(id, now);
  }

  /** One device has no use for a rate; windows hold for it too. */
  private async accept(
    { id, app }: Campaign,
    { template }: CampaignVariant,
    { fence, deviceId, since, trigger }: FenceCrossing,
    now: number,
  ): Promise<string> {
    const visit = `campaign ${id} ${fence.id} ${deviceId} ${since} ${trigger}`;
    const keyHash = createHash('sha256').update(visit).digest('hex');
    const idempotency = { keyHash, digest: keyHash };
    const notification = runNotification(template, {
      id: this.notifications.newId(app, idempotency, now),
      audience: { device: [deviceId] },
      at: now,
    });
    const { pace, ...atOnce } = notification;
    const waits = pace && (pace.windows.length > 0 || pace.deliverAt);
    const sent = waits ? notification : atOnce;
    return (await this.notifications.accept(sent, idempotency)).id;
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
