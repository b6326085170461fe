import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { GroupsController } from './groups.controller.js';
import { GroupsService } from './groups.service.js';

@Module({ imports: [AccessModule], controllers: [GroupsController], providers: [GroupsService] })
export class GroupsModule {}
