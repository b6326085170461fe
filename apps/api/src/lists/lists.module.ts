import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { ListsController } from './lists.controller.js';
import { ListsService } from './lists.service.js';

@Module({ imports: [AccessModule], controllers: [ListsController], providers: [ListsService] })
export class ListsModule {}
