import { Injectable } from '@nestjs/common';
import { FenceActions, type FenceCrossing } from '@carillon/domain';
import { TriggeredCampaigns } from '../campaigns/triggered-campaigns.js';
import { FenceNotifications } from './fence-notifications.js';

/** A fence's own notification, and the campaigns that it triggers. */
@Injectable()
export class FenceEffects extends FenceActions {
  constructor(
    private readonly notifications: FenceNotifications,
    private readonly campaigns: TriggeredCampaigns,
  ) {
    super();
  }

  async fire(crossing: FenceCrossing): Promise<void> {
    await Promise.all([this.notifications.fire(crossing), this.campaigns.fire(crossing)]);
  }
}
