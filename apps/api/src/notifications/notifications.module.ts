import { Module } from '@nestjs/common';
import { Admission } from '../admission/admission.js';
import { Replication } from '../admission/replication.js';
import { AccessModule } from '../access/access.module.js';
import { AudienceModule } from '../audience/audience.module.js';
import { TemplatesModule } from '../templates/templates.module.js';
import { BatchService } from './batch.service.js';
import { DeliveriesService } from './deliveries.service.js';
import { DryRunService } from './dry-run.service.js';
import { NotificationsController } from './notifications.controller.js';
import { NotificationsService } from './notifications.service.js';
import { ProgressService } from './progress.service.js';
import { PublishController } from './publish.controller.js';

@Module({
  imports: [AccessModule, AudienceModule, TemplatesModule],
  controllers: [NotificationsController, PublishController],
  providers: [
    Admission,
    Replication,
    NotificationsService,
    DeliveriesService,
    DryRunService,
    BatchService,
    ProgressService,
  ],
  exports: [NotificationsService, ProgressService],
})
export class NotificationsModule {}
