import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { CapsController } from './caps.controller.js';
import { CapsService } from './caps.service.js';

@Module({ imports: [AccessModule], controllers: [CapsController], providers: [CapsService] })
export class CapsModule {}
