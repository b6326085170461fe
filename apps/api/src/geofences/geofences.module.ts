import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { GeofencesController } from './geofences.controller.js';
import { GeofencesService } from './geofences.service.js';

@Module({ imports: [AccessModule], controllers: [GeofencesController], providers: [GeofencesService] })
export class GeofencesModule {}
