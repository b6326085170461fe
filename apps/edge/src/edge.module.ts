import { Module } from '@nestjs/common';
import { ChosenPasswords } from '@carillon/auth';
import { DeviceAccounts, DeviceAuthenticator, DeviceEventSink } from '@carillon/domain';
import { EdgeAccounts } from './accounts/edge-accounts.js';
import { HostMetaController } from './discovery/host-meta.controller.js';
import { EdgeService } from './delivery/edge-service.js';
import { StreamDeviceEvents } from './delivery/stream-device-events.js';
import { TokenAuthenticator } from './delivery/token-authenticator.js';
import { Transports } from './delivery/transports.js';
import { Listeners } from './listeners/listeners.js';
import { MqttAccessFiles } from './listeners/mqtt-access-files.js';
import { DeviceGuard } from './poll/device.guard.js';
import { InboxController } from './poll/inbox.controller.js';

/** The sockets of devices: MQTT, XMPP and HTTP long-poll. */
@Module({
  controllers: [InboxController, HostMetaController],
  providers: [
    Transports,
    MqttAccessFiles,
    EdgeService,
    Listeners,
    DeviceGuard,
    StreamDeviceEvents,
    TokenAuthenticator,
    EdgeAccounts,
    { provide: ChosenPasswords, useFactory: () => new ChosenPasswords() },
    { provide: DeviceAccounts, useExisting: EdgeAccounts },
    { provide: DeviceAuthenticator, useExisting: TokenAuthenticator },
    { provide: DeviceEventSink, useExisting: StreamDeviceEvents },
  ],
})
export class EdgeModule {}
