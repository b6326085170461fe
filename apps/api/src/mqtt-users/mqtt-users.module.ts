import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { MqttUsersController } from './mqtt-users.controller.js';
import { MqttUsersService } from './mqtt-users.service.js';

@Module({ imports: [AccessModule], controllers: [MqttUsersController], providers: [MqttUsersService] })
export class MqttUsersModule {}
