import { Module } from '@nestjs/common';
import { WebhookAddresses } from '@carillon/domain';
import { ProcessContext } from '@carillon/process';
import { AccessModule } from '../access/access.module.js';
import { WebhookLettersService } from './webhook-letters.service.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksService } from './webhooks.service.js';

@Module({
  imports: [AccessModule],
  controllers: [WebhooksController],
  providers: [
    WebhooksService,
    WebhookLettersService,
    {
      provide: WebhookAddresses,
      useFactory: (context?: ProcessContext) => new WebhookAddresses(context?.config.webhookNetworks ?? []),
      inject: [{ token: ProcessContext, optional: true }],
    },
  ],
})
export class WebhooksModule {}
