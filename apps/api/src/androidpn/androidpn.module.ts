import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { NotificationsModule } from '../notifications/notifications.module.js';
import { AndroidpnController } from './androidpn.controller.js';
import { AndroidpnSwitch } from './androidpn.switch.js';
import { AndroidpnUsers } from './androidpn-users.js';

@Module({
  imports: [AccessModule, NotificationsModule],
  controllers: [AndroidpnController],
  providers: [AndroidpnSwitch, AndroidpnUsers],
})
export class AndroidpnModule {}
