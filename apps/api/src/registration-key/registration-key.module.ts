import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { RegistrationKeyController } from './registration-key.controller.js';
import { RegistrationKeyService } from './registration-key.service.js';

@Module({
  imports: [AccessModule],
  controllers: [RegistrationKeyController],
  providers: [RegistrationKeyService],
})
export class RegistrationKeyModule {}
