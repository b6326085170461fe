import { Injectable } from '@nestjs/common';
import {
  DeviceAccounts,
  DeviceAuthenticator,
  DeviceDirectory,
  DeviceEventSink,
  Inbox,
  MqttUserDirectory,
  NotificationContents,
  Presence,
} from '@carillon/domain';
import { supervise } from '@carillon/observability';
import { DispatchPublisher, EdgeRegistry, hintConnections, Store } from '@carillon/persistence';
import { ProcessContext } from '@carillon/process';
import {
  type ClusterContext,
  ContentCache,
  type DeliveryTransport,
  Fallbacks,
  MqttTransport,
  PollTransport,
  RedisAccounts,
  RedisArchive,
  RedisFastTokens,
  RedisStreams,
  ReceiptBatcher,
  type TransportContext,
  XmppTransport,
} from '@carillon/transports';
import { mqttOptions } from './mqtt-options.js';
import { xmppOptions } from './xmpp-options.js';

/** The transports of this edge, and what they share. */
@Injectable()
export class Transports {
  readonly mqtt: MqttTransport;
  readonly xmpp: XmppTransport;
  readonly poll: PollTransport;
  readonly contents: ContentCache;
  readonly receipts: ReceiptBatcher;
  readonly fallbacks: Fallbacks;
  readonly all: readonly DeliveryTransport[];

  constructor(
    process: ProcessContext,
    inbox: Inbox,
    presence: Presence,
    contents: NotificationContents,
    directory: DeviceDirectory,
    authenticator: DeviceAuthenticator,
    events: DeviceEventSink,
    publisher: DispatchPublisher,
    users: MqttUserDirectory,
    store: Store,
    accounts: DeviceAccounts,
    registry: EdgeRegistry,
  ) {
    const { logger, id: edgeId } = process;
    this.contents = new ContentCache(contents);
    this.receipts = new ReceiptBatcher(inbox, logger);
    this.fallbacks = new Fallbacks({
      inbox,
      presence,
      contents: this.contents,
      logger,
      hint: hintConnections(publisher),
    });
    const context: TransportContext = {
      edgeId,
      inbox,
      presence,
      contents: this.contents,
      directory,
      authenticator,
      events,
      receipts: this.receipts,
      fallbacks: this.fallbacks,
      tell: (connections, deviceId, reason) => publisher.notify(connections, deviceId, reason),
      logger,
    };
    this.mqtt = new MqttTransport(context, {
      ...mqttOptions(process, users),
      cluster: brokerCluster(process, store, registry),
    });
    this.xmpp = new XmppTransport(context, {
      ...xmppOptions(process),
      streams: new RedisStreams(store.client, store.keys, edgeId),
      accounts,
      records: new RedisAccounts(store.client, store.keys),
      archive: new RedisArchive(store.client, store.keys, logger),
      tellOtherEdges: async (deviceId, news) => {
        const live = await registry.live(Date.now());
        await publisher.accountNews(without(live, edgeId), deviceId, news);
      },
      fast: new RedisFastTokens(store.client, store.keys, directory, process.secret),
    });
    this.poll = new PollTransport(context);
    this.all = [this.mqtt, this.xmpp, this.poll];
  }
}

const without = (edges: ReadonlySet<string>, own: string): string[] =>
  [...edges].filter((each) => each !== own);

/** What the MQTT brokers of all edges share. */
function brokerCluster(process: ProcessContext, store: Store, registry: EdgeRegistry): ClusterContext {
  const { logger } = process;
  return {
    brokerId: process.id,
    client: store.client,
    keys: store.keys,
    connect: process.connectBlocking,
    liveBrokers: () => registry.live(Date.now()),
    supervise: (what, work) => supervise(what, work, logger),
    logger,
  };
}
