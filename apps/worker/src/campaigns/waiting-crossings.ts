import { Injectable } from '@nestjs/common';
import { type Campaign, isAtWork } from '@carillon/domain';
import { RedisCampaigns, RedisNotifications } from '@carillon/persistence';

/** Notifications that are asked about at the same time. */
const AT_ONCE = 100;

/** What becomes of notifications that a geofence triggered and whose time has not come, when their campaign is paused, goes on or is cancelled. */
@Injectable()
export class WaitingCrossings {
  constructor(
    private readonly campaigns: RedisCampaigns,
    private readonly notifications: RedisNotifications,
  ) {}

  /** Again changes nothing; what has been sent stays so. */
  async steer(campaign: Campaign, now: number): Promise<void> {
    const ids = (await this.campaigns.crossings(campaign.id)).map(({ notificationId }) => notificationId);
    for (let i = 0; i < ids.length; i += AT_ONCE)
      await Promise.all(ids.slice(i, i + AT_ONCE).map((id) => this.steerOne(campaign, id, now)));
  }

  private async steerOne(campaign: Campaign, id: string, now: number): Promise<void> {
    if (isAtWork(campaign)) await this.notifications.release(id);
    else if (campaign.state === 'paused') await this.notifications.hold(id);
    else await this.notifications.cancel(id, now);
  }
}
