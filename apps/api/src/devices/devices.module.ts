import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { ExplainService } from './explain.service.js';
import { DevicesController } from './devices.controller.js';
import { DevicesService } from './devices.service.js';

@Module({
  imports: [AccessModule],
  controllers: [DevicesController],
  providers: [DevicesService, ExplainService],
})
export class DevicesModule {}
