/**
 * Every key's name. The hash tag (`{…}`) decides the cluster node: state of partition N lives under `{pN}`, work of lane
 * N under `{lN}`, one edge's under `{e:ID}`, one webhook's under `{w:ID}`, the installation's own under `{sys}`.
 */
export class RedisKeys {
  constructor(
    private readonly prefix: string,
    readonly partitions: number,
    readonly lanes: number,
  ) {}

  // The installation
  install = (): string => `${this.prefix}{sys}:install`;
  apiKey = (keyId: string): string => `${this.prefix}{sys}:key:${keyId}`;
  apiKeys = (app: string): string => `${this.prefix}{sys}:keys:${app}`;
  registrationKey = (keyId: string): string => `${this.prefix}{sys}:regkey:${keyId}`;
  registrationKeys = (app: string): string => `${this.prefix}{sys}:regkeys:${app}`;
  mqttUser = (name: string): string => `${this.prefix}{sys}:mqtt-user:${name}`;
  mqttUsers = (): string => `${this.prefix}{sys}:mqtt-users`;
  geofences = (app: string): string => `${this.prefix}{sys}:geofences:${app}`;
  caps = (app: string): string => `${this.prefix}{sys}:caps:${app}`;
  templates = (app: string): string => `${this.prefix}{sys}:templates:${app}`;
  segments = (app: string): string => `${this.prefix}{sys}:segments:${app}`;
  lists = (app: string): string => `${this.prefix}{sys}:lists:${app}`;
  edges = (): string => `${this.prefix}{sys}:edges`;
  lease = (name: string): string => `${this.prefix}{sys}:lease:${name}`;

  webhook = (id: string): string => `${this.prefix}{sys}:webhook:${id}`;
  webhooks = (): string => `${this.prefix}{sys}:webhooks`;

  // One webhook's queue
  webhookEvents = (id: string): string => `${this.prefix}{w:${id}}:events`;
  webhookBatches = (id: string): string => `${this.prefix}{w:${id}}:batches`;
  webhookDue = (id: string): string => `${this.prefix}{w:${id}}:due`;
  webhookState = (id: string): string => `${this.prefix}{w:${id}}:state`;
  webhookDead = (id: string): string => `${this.prefix}{w:${id}}:dead`;

  // One edge
  dispatch = (edgeId: string): string => `${this.prefix}{e:${edgeId}}:dispatch`;

  // What MQTT brokers share
  mqttLog = (): string => `${this.prefix}{mqtt}:log`;
  mqttRetained = (): string => `${this.prefix}{mqtt}:retained`;
  mqttRetainedExpiry = (): string => `${this.prefix}{mqtt}:retained:expiry`;
  mqttShares = (): string => `${this.prefix}{mqtt}:shares`;
  mqttBrokers = (): string => `${this.prefix}{mqtt}:brokers`;

  // A lane: notifications and the streams of work on them
  notification = (lane: number, id: string): string => `${this.lane(lane)}:ntf:${id}`;
  openTasks = (lane: number, id: string): string => `${this.lane(lane)}:ntf:${id}:open`;
  /** When a paced notification may go to the next device. */
  pace = (lane: number, id: string): string => `${this.lane(lane)}:ntf:${id}:pace`;
  paced = (lane: number): string => `${this.lane(lane)}:paced`;
  idempotency = (lane: number, app: string, keyHash: string): string =>
    `${this.lane(lane)}:idem:${app}:${keyHash}`;
  due = (lane: number): string => `${this.lane(lane)}:due`;
  /** Notifications of one turn that were accepted and are not in their inboxes yet, in order. */
  turn = (lane: number, turn: string): string => `${this.lane(lane)}:turn:${turn}`;
  intake = (lane: number): string => `${this.lane(lane)}:intake`;
  fanOut = (lane: number): string => `${this.lane(lane)}:fan-out`;
  deviceEvents = (lane: number): string => `${this.lane(lane)}:device-events`;

  // Campaigns lie in the lanes of their ids, with the notifications of their runs
  campaign = (lane: number, id: string): string => `${this.lane(lane)}:campaign:${id}`;
  campaignChanges = (lane: number, id: string): string => `${this.lane(lane)}:campaign:${id}:changes`;
  campaignRunTimes = (lane: number, id: string): string => `${this.lane(lane)}:campaign:${id}:run-times`;
  campaignRuns = (lane: number, id: string): string => `${this.lane(lane)}:campaign:${id}:runs`;
  campaigns = (lane: number, app: string): string => `${this.lane(lane)}:campaigns:${app}`;
  campaignsDue = (lane: number): string => `${this.lane(lane)}:campaigns-due`;
  /** Notifications of one that a geofence triggers, with their variants. */
  campaignCrossings = (lane: number, id: string): string => `${this.lane(lane)}:campaign:${id}:crossings`;
  /** Campaigns that geofences trigger. */
  fenceCampaigns = (lane: number, app: string): string => `${this.lane(lane)}:fence-campaigns:${app}`;

  // A partition: devices, and what is found with them
  device = (partition: number, id: string): string => `${this.part(partition)}:dev:${id}`;
  inbox = (partition: number, id: string): string => `${this.part(partition)}:inbox:${id}`;
  collapse = (partition: number, id: string): string => `${this.part(partition)}:clp:${id}`;
  /** Of the tokens that a device's XMPP clients log in with. */
  fastTokens = (partition: number, device: string): string => `${this.part(partition)}:fast:${device}`;
  /** What a device's XMPP clients keep with their account. */
  account = (partition: number, device: string): string => `${this.part(partition)}:account:${device}`;
  /** Pushes that an owner of the device was written over XMPP. */
  archive = (partition: number, device: string, owner: string): string =>
    `${this.part(partition)}:archive:${device}:${owner}`;
  /** An XMPP session that can be resumed. */
  stream = (partition: number, device: string, id: string): string =>
    `${this.part(partition)}:stream:${device}:${id}`;
  online = (partition: number): string => `${this.part(partition)}:online`;
  sequence = (partition: number): string => `${this.part(partition)}:seq`;
  epoch = (partition: number): string => `${this.part(partition)}:epoch`;
  deliveries = (partition: number, notificationId: string): string =>
    `${this.part(partition)}:dlv:${notificationId}`;
  /** Devices that a paced notification has still to go to. */
  waiting = (partition: number, notificationId: string): string =>
    `${this.part(partition)}:wait:${notificationId}`;
  /** What its devices get of a notification that differs by device. */
  contents = (partition: number, notificationId: string): string =>
    `${this.part(partition)}:contents:${notificationId}`;
  expiry = (partition: number): string => `${this.part(partition)}:expiry`;
  held = (partition: number): string => `${this.part(partition)}:held`;
  receipts = (partition: number): string => `${this.part(partition)}:receipts`;
  stats = (partition: number, app: string, day: string): string =>
    `${this.part(partition)}:stats:${app}:${day}`;
  allDevices = (partition: number, app: string): string => `${this.part(partition)}:app:${app}:all`;
  tag = (partition: number, app: string, tag: string): string =>
    `${this.part(partition)}:app:${app}:tag:${tag}`;
  groupDevices = (partition: number, app: string, group: string): string =>
    `${this.part(partition)}:app:${app}:group:${group}`;
  /** Those that changed hands, with when they did so last and whose they are. */
  movedDevices = (partition: number): string => `${this.part(partition)}:moved`;
  /** Those with push services of their own (XEP-0357). */
  pushDevices = (partition: number): string => `${this.part(partition)}:push`;
  positions = (partition: number, app: string): string => `${this.part(partition)}:app:${app}:geo`;

  /** Former positions, and fences that a device is in. */
  track = (partition: number, id: string): string => `${this.part(partition)}:track:${id}`;
  visits = (partition: number, id: string): string => `${this.part(partition)}:visits:${id}`;
  longVisits = (partition: number): string => `${this.part(partition)}:long-visits`;
  /** Devices that an uploaded list names, and those of users whom it names. */
  listDevices = (partition: number, app: string, list: string): string =>
    `${this.part(partition)}:app:${app}:list:${list}`;
  listByUser = (partition: number, app: string, list: string): string =>
    `${this.part(partition)}:app:${app}:list-by-user:${list}`;

  // Whatever else needs a shard: registrations by the address that they come from
  registrations = (partition: number, address: string): string =>
    `${this.part(partition)}:registrations:${address}`;

  // MQTT sessions live in the partition of their client id
  mqttSession = (partition: number, clientId: string): string =>
    `${this.part(partition)}:mqtt:session:${clientId}`;
  mqttMessages = (partition: number, clientId: string): string =>
    `${this.part(partition)}:mqtt:messages:${clientId}`;
  mqttHeld = (partition: number, broker: string): string => `${this.part(partition)}:mqtt:held:${broker}`;

  // Users and groups live in the partition of their own id
  userDevices = (partition: number, app: string, user: string): string =>
    `${this.part(partition)}:app:${app}:user:${user}`;
  /** What a user (`u:ID`), or a device without one (`d:ID`), was notified of under a cap. */
  capped = (partition: number, app: string, category: string, owner: string): string =>
    `${this.part(partition)}:capped:${app}:${encodeURIComponent(category)}:${owner}`;
  userGroups = (partition: number, app: string, user: string): string =>
    `${this.part(partition)}:app:${app}:user-groups:${user}`;
  listUsers = (partition: number, app: string, list: string): string =>
    `${this.part(partition)}:app:${app}:list-users:${list}`;
  /** Lists that name a user of the partition. */
  listsWithUsers = (partition: number, app: string): string =>
    `${this.part(partition)}:app:${app}:lists-with-users`;
  groupMembers = (partition: number, app: string, group: string): string =>
    `${this.part(partition)}:app:${app}:members:${group}`;

  private lane = (lane: number): string => `${this.prefix}{l${lane}}`;
  private part = (partition: number): string => `${this.prefix}{p${partition}}`;
}
