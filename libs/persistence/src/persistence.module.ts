import { type DynamicModule, Global, Module, type Provider } from '@nestjs/common';
import {
  type ConnectionPolicy,
  Inbox,
  type InboxBounds,
  NotificationContents,
  Presence,
  DeviceDirectory,
  MqttUserDirectory,
} from '@carillon/domain';
import type { RedisClient, RedisKeys } from '@carillon/redis';
import { AudienceNames } from './audience/audience-names.js';
import { AudienceResolver } from './audience/audience-resolver.js';
import { RedisLists } from './audience/redis-lists.js';
import { RedisSegments } from './audience/redis-segments.js';
import { RedisCaps } from './caps/redis-caps.js';
import { RedisTemplates } from './content/redis-templates.js';
import { AccountRecords } from './devices/account-records.js';
import { RedisCampaigns } from './campaign/redis-campaigns.js';
import { RunProgressReader } from './campaign/run-progress-reader.js';
import { DeviceActivity } from './devices/device-activity.js';
import { DeviceRemoval } from './devices/device-removal.js';
import { RedisApiKeys } from './devices/redis-api-keys.js';
import { RedisDevices } from './devices/redis-devices.js';
import { RedisGroups } from './devices/redis-groups.js';
import { RedisRegistrationKeys } from './devices/redis-registration-keys.js';
import { RedisUsers } from './devices/redis-users.js';
import { RegistrationRate } from './devices/registration-rate.js';
import { DispatchPublisher } from './edges/dispatch-publisher.js';
import { Dispatcher } from './edges/dispatcher.js';
import { EdgeRegistry } from './edges/edge-registry.js';
import { RedisIdempotency } from './idempotency/redis-idempotency.js';
import { RedisGeofences } from './geofence/redis-geofences.js';
import { RedisPositions } from './geofence/redis-positions.js';
import { RedisInbox } from './inbox/redis-inbox.js';
import { RedisPresence } from './inbox/redis-presence.js';
import { Recaller } from './notifications/recaller.js';
import { PacedNotifications } from './pace/paced-notifications.js';
import { WaitingDevices } from './pace/waiting-devices.js';
import { RedisMqttUsers } from './mqtt-users/redis-mqtt-users.js';
import { RedisNotifications } from './notifications/redis-notifications.js';
import { Store } from './store.js';
import { RedisWebhooks } from './webhooks/redis-webhooks.js';
import { WebhookQueue } from './webhooks/webhook-queue.js';

export interface PersistenceOptions {
  readonly client: RedisClient;
  readonly keys: RedisKeys;
  readonly inboxBounds?: InboxBounds;
  readonly connectionPolicy?: ConnectionPolicy;
}

const on = <T>(token: new (...args: never[]) => T, make: (store: Store) => T): Provider => ({
  provide: token,
  useFactory: make,
  inject: [Store],
});

/** Who is meant: expressions, and what they name. */
const audiences: Provider[] = [
  on(AudienceNames, (store) => new AudienceNames(store)),
  on(RedisGeofences, (store) => new RedisGeofences(store)),
  on(RedisPositions, (store) => new RedisPositions(store)),
  on(RedisSegments, (store) => new RedisSegments(store)),
  {
    provide: RedisLists,
    useFactory: (store: Store, users: RedisUsers) => new RedisLists(store, users),
    inject: [Store, RedisUsers],
  },
  {
    provide: AudienceResolver,
    useFactory: (store: Store, users: RedisUsers) => new AudienceResolver(store, users),
    inject: [Store, RedisUsers],
  },
];

const repositories = ({ inboxBounds, connectionPolicy }: PersistenceOptions): Provider[] => [
  on(RedisUsers, (store) => new RedisUsers(store)),
  on(RedisInbox, (store) => new RedisInbox(store, inboxBounds)),
  on(RedisPresence, (store) => new RedisPresence(store, connectionPolicy)),
  on(RedisNotifications, (store) => new RedisNotifications(store)),
  on(RedisCaps, (store) => new RedisCaps(store)),
  on(DeviceActivity, (store) => new DeviceActivity(store)),
  on(RedisTemplates, (store) => new RedisTemplates(store)),
  on(RedisCampaigns, (store) => new RedisCampaigns(store)),
  on(RedisApiKeys, (store) => new RedisApiKeys(store)),
  on(RedisIdempotency, (store) => new RedisIdempotency(store)),
  on(RedisWebhooks, (store) => new RedisWebhooks(store)),
  on(WebhookQueue, (store) => new WebhookQueue(store)),
  on(RedisRegistrationKeys, (store) => new RedisRegistrationKeys(store)),
  on(AccountRecords, (store) => new AccountRecords(store)),
  on(RegistrationRate, (store) => new RegistrationRate(store)),
  on(RedisMqttUsers, (store) => new RedisMqttUsers(store)),
  on(PacedNotifications, (store) => new PacedNotifications(store)),
  on(WaitingDevices, (store) => new WaitingDevices(store)),
  on(EdgeRegistry, (store) => new EdgeRegistry(store)),
  on(DispatchPublisher, (store) => new DispatchPublisher(store)),
];

/** Those that are made of others. */
const composed: Provider[] = [
  {
    provide: RunProgressReader,
    useFactory: (notifications: RedisNotifications, inbox: RedisInbox) =>
      new RunProgressReader(notifications, inbox),
    inject: [RedisNotifications, RedisInbox],
  },
  {
    provide: RedisDevices,
    useFactory: (store: Store, users: RedisUsers, edges: EdgeRegistry, dispatch: DispatchPublisher) =>
      new RedisDevices(store, users, async (deviceId, upTo) =>
        dispatch.moved(await edges.all(), deviceId, upTo),
      ),
    inject: [Store, RedisUsers, EdgeRegistry, DispatchPublisher],
  },
  {
    provide: RedisGroups,
    useFactory: (store: Store, users: RedisUsers, devices: RedisDevices) =>
      new RedisGroups(store, users, devices),
    inject: [Store, RedisUsers, RedisDevices],
  },
  {
    provide: DeviceRemoval,
    useFactory: (...parts: ConstructorParameters<typeof DeviceRemoval>) => new DeviceRemoval(...parts),
    inject: [RedisDevices, RedisGroups, RedisInbox, DispatchPublisher, EdgeRegistry, RedisLists],
  },
  {
    provide: Dispatcher,
    useFactory: (edges: EdgeRegistry, publisher: DispatchPublisher) => new Dispatcher(edges, publisher),
    inject: [EdgeRegistry, DispatchPublisher],
  },
  {
    provide: Recaller,
    useFactory: (
      store: Store,
      notifications: RedisNotifications,
      inbox: RedisInbox,
      dispatcher: Dispatcher,
    ) => new Recaller(store, notifications, inbox, dispatcher),
    inject: [Store, RedisNotifications, RedisInbox, Dispatcher],
  },
];

const ports: Provider[] = [
  { provide: Inbox, useExisting: RedisInbox },
  { provide: Presence, useExisting: RedisPresence },
  { provide: NotificationContents, useExisting: RedisNotifications },
  { provide: DeviceDirectory, useExisting: RedisDevices },
  { provide: MqttUserDirectory, useExisting: RedisMqttUsers },
];

/** The repositories on one Redis connection, for every module of a process. */
@Global()
@Module({})
export class PersistenceModule {
  static forRoot(options: PersistenceOptions): DynamicModule {
    const store: Provider = { provide: Store, useFactory: () => new Store(options.client, options.keys) };
    const providers = [store, ...repositories(options), ...composed, ...audiences, ...ports];
    return { module: PersistenceModule, providers, exports: providers };
  }
}
