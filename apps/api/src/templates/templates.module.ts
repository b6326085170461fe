import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { Messages } from './messages.service.js';
import { TemplatesController } from './templates.controller.js';
import { TemplatesService } from './templates.service.js';

@Module({
  imports: [AccessModule],
  controllers: [TemplatesController],
  providers: [TemplatesService, Messages],
  exports: [Messages],
})
export class TemplatesModule {}
