import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { SegmentsController } from './segments.controller.js';
import { SegmentsService } from './segments.service.js';

@Module({ imports: [AccessModule], controllers: [SegmentsController], providers: [SegmentsService] })
export class SegmentsModule {}
