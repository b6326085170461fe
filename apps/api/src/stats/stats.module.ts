import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { StatsController } from './stats.controller.js';
import { StatsService } from './stats.service.js';

@Module({ imports: [AccessModule], controllers: [StatsController], providers: [StatsService] })
export class StatsModule {}
