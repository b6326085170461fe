import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { TemplatesModule } from '../templates/templates.module.js';
import { AudienceController } from './audience.controller.js';
import { PreviewService } from './preview.service.js';
import { RecipientsService } from './recipients.service.js';

@Module({
  imports: [AccessModule, TemplatesModule],
  controllers: [AudienceController],
  providers: [PreviewService, RecipientsService],
  exports: [RecipientsService, PreviewService],
})
export class AudienceModule {}
