import {
  CarillonError,
  type ConnectionNotice,
  type DeviceLogin,
  type DispatchBatch,
  type MqttUserDirectory,
  parseDeviceEvent,
} from '@carillon/domain';
import {
  type BrokerMessage,
  MqttBroker,
  type MqttBrokerHooks,
  type MqttBrokerOptions,
  type MqttClient,
  type PublishVerdict,
  ReasonCode,
} from '@carillon/mqtt-broker';
import { type ClusterContext, clusterStores } from './cluster/cluster-stores.js';
import { inSteps } from '../channel/drain-steps.js';
import { DeviceLinks } from '../channel/device-links.js';
import { type InFlight, notificationIds, recordOutcome } from '../channel/device-steps.js';
import type { OutgoingDelivery, WriteOutcome } from '../channel/device-channel.js';
import { DeliveryTransport } from '../delivery-transport.js';
import type { TransportContext } from '../transport-context.js';
import { identityOf, loginOf, principalOf } from './access/principal.js';
import { MqttAccess, type MqttAccessRules } from './mqtt-access.js';
import { MqttLogins } from './mqtt-logins.js';
import { eventsTopic, inboxTopic, isDeviceTopic } from './mqtt-topics.js';

export interface MqttTransportOptions {
  /** An open broker: clients without credentials, any topic but those of devices, within the access list if there is one. */
  readonly anonymous: boolean;
  readonly broker?: Omit<MqttBrokerOptions, 'hooks' | 'cluster'>;
  /** What this broker shares with those of other edges; without it, its sessions end with it. */
  readonly cluster?: ClusterContext;
  /** What clients are told when this edge ends. */
  readonly farewell?: {
    readonly reason: 'shutting-down' | 'use-another-server' | 'server-moved';
    readonly serverReference?: string;
  };
  /** Users beside those of the users file. */
  readonly users: MqttUserDirectory;
}

const INBOX_QOS = 1;
const written = { transport: 'mqtt', state: 'written', detail: '' } as const;

/** Pushes over the embedded MQTT broker: what stands in a device's inbox is published to `devices/{id}/inbox`, to it alone. */
export class MqttTransport extends DeliveryTransport {
  readonly kind = 'mqtt';
  /** The edge attaches its connections here. */
  readonly broker: MqttBroker;
  private readonly links: DeviceLinks<MqttClient>;
  private readonly access: MqttAccess;
  private readonly logins: MqttLogins;

  private readonly farewell: MqttTransportOptions['farewell'];

  constructor(
    private readonly context: TransportContext,
    options: MqttTransportOptions,
  ) {
    super();
    this.farewell = options.farewell;
    this.access = new MqttAccess(options.users);
    this.logins = new MqttLogins(context, options.anonymous, this.access);
    this.links = new DeviceLinks('mqtt', context, (client, reason) =>
      client.disconnect(reason === 'taken-over' ? 'taken-over' : 'administrative-action'),
    );
    const cluster = options.cluster && clusterStores(options.cluster);
    this.broker = new MqttBroker({ ...options.broker, hooks: this.hooks(), ...(cluster && { cluster }) });
  }

  get deviceCount(): number {
    return this.links.size;
  }

  async start(): Promise<void> {
    await this.access.accounts.reload();
    await this.broker.start();
  }

  deliver(batch: DispatchBatch): void {
    for (const { content, targets } of batch) for (const target of targets) this.links.hint(target, content);
  }

  notice(notice: ConnectionNotice): void {
    if (notice.reason !== 'revoked') return this.links.notice(notice);
    const client = this.broker.client(notice.deviceId);
    if (client && loginOf(client)) client.disconnect('administrative-action');
  }

  reconcile(share?: number): void {
    this.links.reconcile(share);
  }

  /** Changes of MQTT users may not have been heard of. */
  reloadUsers(): void {
    this.refreshUsers(() => this.access.accounts.reload());
  }

  holds(deviceId: string, epoch: number): boolean {
    return this.links.holds(deviceId, epoch);
  }

  reclaim(): Promise<void> {
    return this.links.reclaim();
  }

  async drain(deadlineMs: number): Promise<void> {
    const { reason = 'shutting-down', serverReference } = this.farewell ?? {};
    await this.broker.stop(reason, deadlineMs, inSteps, serverReference);
    await this.links.clear();
  }

  /** New users and access list: they hold for connections that stand too, and users whose password changed have to log in anew. */
  setRules(rules: MqttAccessRules): void {
    this.access.setRules(rules);
    this.reconsider();
  }

  /** A user was made, changed or deleted by REST, with the same consequences. */
  userChanged(name: string): void {
    this.refreshUsers(() => this.access.accounts.load(name).then(() => true));
  }

  private refreshUsers(refresh: () => Promise<boolean>): void {
    refresh().then(
      (changed) => changed && this.reconsider(),
      (error: unknown) =>
        this.context.logger.warn({ error: String(error) }, 'MQTT users could not be read: tried again later'),
    );
  }

  private reconsider(): void {
    this.broker.reconsiderTopics();
    for (const client of this.broker.clients()) {
      if (!this.access.stillIs(client)) client.disconnect('not-authorized');
    }
  }

  private hooks(): MqttBrokerHooks {
    return {
      authenticate: (request) => this.logins.authenticate(request),
      scramCredentials: (username, request) => this.logins.scramCredentials(username, request),
      authorizePublish: (client, topic) => this.access.mayPublish(client, topic),
      authorizeSubscribe: (client, filter) => this.access.maySubscribe(client, filter),
      identityOf: (client) => identityOf(principalOf(client)),
      restoreSubscription: (identity, filter) => this.access.mayKeep(identity, filter),
      servesTopic: isDeviceTopic,
      onConnected: (client) => this.connected(client),
      onDisconnected: (client) => this.close(client),
      onSubscribed: (client) => this.openIfSubscribed(client),
      onUnsubscribed: (client) => this.closeIfUnsubscribed(client),
      onPublish: (client, message) => this.published(client, message),
      onDeliveryAcknowledged: (client, cookie, code) => this.acknowledged(client, cookie as InFlight, code),
      onWindowOpen: (client) => this.links.of(client.id)?.channel.windowOpened(),
      beforeResend: (client, cookie) => this.stillOpen(client, cookie as InFlight),
    };
  }

  private connected(client: MqttClient): void {
    const login = loginOf(client);
    if (!login) return;
    if (login.autoSubscribe && !client.subscriptionFor(inboxTopic(login.id))) {
      client.addSubscription(inboxTopic(login.id), INBOX_QOS);
    }
    this.openIfSubscribed(client);
  }

  private openIfSubscribed(client: MqttClient): void {
    const login = loginOf(client);
    if (!login || !client.subscriptionFor(inboxTopic(login.id))) return;
    this.links.open(client, login, {
      pending: notificationIds(client.pendingCookies),
      write: (delivery) => write(client, login, delivery),
    });
  }

  private closeIfUnsubscribed(client: MqttClient): void {
    const login = loginOf(client);
    if (login && !client.subscriptionFor(inboxTopic(login.id))) this.close(client);
  }

  private close(client: MqttClient): void {
    const login = loginOf(client);
    if (login) this.links.close(login.id, client);
  }

  private acknowledged(client: MqttClient, { notificationId, requireAck }: InFlight, code: number): void {
    const login = loginOf(client);
    if (!login) return;
    const qos = client.subscriptionFor(inboxTopic(login.id))?.qos ?? INBOX_QOS;
    const refused = code >= ReasonCode.UnspecifiedError;
    // At QoS 0 it counts as acknowledged from within the write, before the channel can say that it was written.
    if (qos === 0) recordOutcome(this.context, login, notificationId, written);
    if (qos === 0 && requireAck) return;
    recordOutcome(this.context, login, notificationId, {
      transport: this.kind,
      state: refused ? 'failed' : 'acknowledged',
      detail: refused
        ? `refused with reason code 0x${code.toString(16)}`
        : ['qos0', 'puback', 'pubcomp'][qos]!,
    });
    this.links.of(login.id)?.channel.windowOpened();
  }

  /** What was acknowledged over another transport, or has expired, is not repeated. */
  private async stillOpen(client: MqttClient, { notificationId }: InFlight): Promise<boolean> {
    const login = loginOf(client);
    if (!login) return false;
    const delivery = await this.context.inbox.delivery(notificationId, login.id);
    return delivery?.state === 'queued' || delivery?.state === 'written';
  }

  private published(client: MqttClient, message: BrokerMessage): PublishVerdict | Promise<PublishVerdict> {
    const login = loginOf(client);
    if (!login || message.topic !== eventsTopic(login.id)) return 'route';
    return this.takeEvent(login, message.payload.toString('utf8'));
  }

  private async takeEvent(login: DeviceLogin, text: string): Promise<PublishVerdict> {
    const source = { app: login.app, deviceId: login.id, transport: this.kind, at: Date.now() };
    const parsed = parseDeviceEvent(text, source);
    if (!parsed.ok) {
      this.context.logger.debug({ deviceId: login.id, detail: parsed.detail }, 'a device event is not valid');
      return { refuse: ReasonCode.PayloadFormatInvalid };
    }
    try {
      await this.context.events.publish(parsed.event);
      return 'consume';
    } catch (error) {
      if (!(error instanceof CarillonError)) throw error;
      return { refuse: ReasonCode.QuotaExceeded };
    }
  }
}

function write(client: MqttClient, login: DeviceLogin, delivery: OutgoingDelivery): WriteOutcome {
  const { notificationId, seq, envelope, content } = delivery;
  const topic = inboxTopic(login.id);
  return client.deliver({
    topic,
    payload: Buffer.from(envelope),
    qos: client.subscriptionFor(topic)?.qos ?? INBOX_QOS,
    properties: {
      payloadFormatIndicator: 1,
      contentType: 'application/json',
      messageExpiryInterval: Math.max(1, Math.ceil((content.expiresAt - Date.now()) / 1000)),
      userProperties: [['id', notificationId]],
    },
    cookie: { notificationId, seq, requireAck: content.requireAck } satisfies InFlight,
  });
}
