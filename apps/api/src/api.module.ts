import { Module } from '@nestjs/common';
import { AndroidpnModule } from './androidpn/androidpn.module.js';
import { AudienceModule } from './audience/audience.module.js';
import { CampaignsModule } from './campaigns/campaigns.module.js';
import { CapsModule } from './caps/caps.module.js';
import { DeadLettersModule } from './dead-letters/dead-letters.module.js';
import { DevicesModule } from './devices/devices.module.js';
import { GeofencesModule } from './geofences/geofences.module.js';
import { GroupsModule } from './groups/groups.module.js';
import { ProblemsModule } from './http/problems.module.js';
import { KeysModule } from './keys/keys.module.js';
import { MqttUsersModule } from './mqtt-users/mqtt-users.module.js';
import { ListsModule } from './lists/lists.module.js';
import { NotificationsModule } from './notifications/notifications.module.js';
import { RegistrationKeyModule } from './registration-key/registration-key.module.js';
import { SegmentsModule } from './segments/segments.module.js';
import { StatsModule } from './stats/stats.module.js';
import { TemplatesModule } from './templates/templates.module.js';
import { UsersModule } from './users/users.module.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';

export { setupOpenApi } from './http/open-api.js';

/** The REST API. Its process provides the repositories (`PersistenceModule`) and calls `configureHttp`. */
@Module({
  imports: [
    NotificationsModule,
    DevicesModule,
    UsersModule,
    GroupsModule,
    AudienceModule,
    CampaignsModule,
    GeofencesModule,
    SegmentsModule,
    ListsModule,
    TemplatesModule,
    CapsModule,
    KeysModule,
    RegistrationKeyModule,
    MqttUsersModule,
    StatsModule,
    DeadLettersModule,
    WebhooksModule,
    AndroidpnModule,
    ProblemsModule,
  ],
})
export class ApiModule {}
