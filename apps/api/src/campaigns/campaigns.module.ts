import { Module } from '@nestjs/common';
import { ProcessContext } from '@carillon/process';
import { AccessModule } from '../access/access.module.js';
import { AudienceModule } from '../audience/audience.module.js';
import { NotificationsModule } from '../notifications/notifications.module.js';
import { TemplatesModule } from '../templates/templates.module.js';
import { CampaignActionsController } from './campaign-actions.controller.js';
import { CampaignPlans } from './campaign-plan.js';
import { CampaignPreviewService } from './campaign-preview.service.js';
import { CampaignRunsController } from './campaign-runs.controller.js';
import { CampaignsController } from './campaigns.controller.js';
import { APPROVAL_POLICY, CampaignsService } from './campaigns.service.js';
import { ReportService } from './report.service.js';
import { RunsService } from './runs.service.js';

@Module({
  imports: [AccessModule, AudienceModule, NotificationsModule, TemplatesModule],
  controllers: [CampaignsController, CampaignActionsController, CampaignRunsController],
  providers: [
    CampaignPlans,
    CampaignsService,
    RunsService,
    ReportService,
    CampaignPreviewService,
    {
      provide: APPROVAL_POLICY,
      useFactory: (context?: ProcessContext) => context?.config.campaignApproval ?? 'none',
      inject: [{ token: ProcessContext, optional: true }],
    },
  ],
})
export class CampaignsModule {}
