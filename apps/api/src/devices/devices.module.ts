import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { ExplainService } from './explain.service.js';
import { DeviceDataController } from './device-data.controller.js';
import { DeviceDataService } from './device-data.service.js';
import { DevicesController } from './devices.controller.js';
import { DevicesService } from './devices.service.js';

@Module({
  imports: [AccessModule],
  controllers: [DevicesController, DeviceDataController],
  providers: [DevicesService, DeviceDataService, ExplainService],
})
export class DevicesModule {}
