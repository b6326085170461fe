import { Module } from '@nestjs/common';
import { Store } from '@carillon/persistence';
import { DeadLetters } from '@carillon/queue';
import { AccessModule } from '../access/access.module.js';
import { DeadLettersController } from './dead-letters.controller.js';
import { DeadLettersService } from './dead-letters.service.js';

@Module({
  imports: [AccessModule],
  controllers: [DeadLettersController],
  providers: [
    DeadLettersService,
    { provide: DeadLetters, useFactory: ({ client }: Store) => new DeadLetters(client), inject: [Store] },
  ],
})
export class DeadLettersModule {}
