import { Module } from '@nestjs/common';
import { FenceActions } from '@carillon/domain';
import { CampaignPoller } from './campaigns/campaign-poller.js';
import { CampaignRunner } from './campaigns/campaign-runner.js';
import { WaitingCrossings } from './campaigns/waiting-crossings.js';
import { TriggeredCampaigns } from './campaigns/triggered-campaigns.js';
import { DeviceEventsController } from './device-events/device-events.controller.js';
import { CapCatalog } from './content/cap-catalog.js';
import { Preparation } from './content/preparation.js';
import { Renderer } from './content/renderer.js';
import { FanOutController } from './fan-out/fan-out.controller.js';
import { Depositor } from './fan-out/depositor.js';
import { FanOutService } from './fan-out/fan-out.service.js';
import { DwellPoller } from './geofences/dwell-poller.js';
import { FenceCatalog } from './geofences/fence-catalog.js';
import { FenceEffects } from './geofences/fence-effects.js';
import { FenceNotifications } from './geofences/fence-notifications.js';
import { FenceWatch } from './geofences/fence-watch.js';
import { EdgeReaper } from './maintenance/edge-reaper.js';
import { ExpirySweeper } from './maintenance/expiry-sweeper.js';
import { Maintenance } from './maintenance/maintenance.js';
import { Enlister } from './pace/enlister.js';
import { PaceRunner } from './pace/pace-runner.js';
import { PacedSender } from './pace/paced-sender.js';
import { ReceiptsController } from './receipts/receipts.controller.js';
import { PushRequests } from './webhooks/push-requests.js';
import { WebhookFeed } from './webhooks/webhook-feed.js';
import { WebhookList } from './webhooks/webhook-list.js';
import { WebhookSender } from './webhooks/webhook-sender.js';
import { DuePoller } from './schedule/due-poller.js';

/** Fan-out, schedule, receipts and housekeeping: all that happens between accepting and writing. */
@Module({
  controllers: [FanOutController, ReceiptsController, DeviceEventsController],
  providers: [
    FanOutService,
    CapCatalog,
    Preparation,
    Renderer,
    Depositor,
    PacedSender,
    Enlister,
    PaceRunner,
    DuePoller,
    CampaignRunner,
    WaitingCrossings,
    CampaignPoller,
    FenceCatalog,
    FenceWatch,
    DwellPoller,
    FenceNotifications,
    TriggeredCampaigns,
    { provide: FenceActions, useClass: FenceEffects },
    Maintenance,
    ExpirySweeper,
    EdgeReaper,
    WebhookList,
    WebhookFeed,
    PushRequests,
    WebhookSender,
  ],
})
export class WorkerModule {}
