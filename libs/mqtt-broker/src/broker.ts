import type { Duplex } from 'node:stream';
import type { AuthenticationMethod } from './authentication/authentication-method.js';
import { ScramSha256 } from './authentication/scram-sha-256.js';
import { monotonicNow, type MqttBrokerOptions } from './broker-options.js';
import type { MqttClient, PeerInfo } from './client.js';
import { ClusterMember } from './cluster/cluster-member.js';
import type { Packet } from './codec/packets.js';
import { Connection } from './connection/connection.js';
import { recordTurnedAway } from './connection/connection-record.js';
import { Flusher } from './connection/flusher.js';
import { FrameAssemblers } from './connection/frame-assemblers.js';
import type { Engine } from './engine.js';
import { dispatch } from './handlers/dispatch.js';
import { silentLogger, type BrokerLogger, type MqttBrokerHooks, type PublishVerdict } from './hooks.js';
import type { QueueBudget } from './inflight/message-queue.js';
import { Publication } from './inflight/publication.js';
import { defaultLimits, type BrokerLimits } from './limits.js';
import type { BrokerMessage } from './message.js';
import { ReasonCode, type DisconnectReason } from './reason-codes.js';
import { offer, offerToOne } from './session/delivery.js';
import type { Bequest } from './session/legacy.js';
import type { PendingWill } from './session/session.js';
import { SessionRegistry } from './session/session-registry.js';
import { BoundedLog } from './statistics/bounded-log.js';
import { atOnce, type StoppingSteps } from './stopping-steps.js';
import { SysTopics } from './statistics/sys-topics.js';
import { Traffic } from './statistics/traffic.js';
import { TimerWheel } from './timers/timer-wheel.js';
import { RetainedStore } from './topics/retained-store.js';
import { SubscriptionIndex } from './topics/subscription-index.js';
import { isTopicName, levelCount, parseFilter } from './topics/topic-filter.js';

/** How full the broker is. */
export interface BrokerStatistics {
  /** Connections attached and not yet closed. */
  connections: number;
  /** Connected or not. */
  sessions: number;
  subscriptions: number;
  retainedMessages: number;
  retainedBytes: number;
  /** Of all sessions. */
  queuedMessages: number;
  queuedBytes: number;
  /** Counters since the broker was made. */
  traffic: Readonly<Traffic>;
}

/** Connections above the limit that are still let in far enough to be told so. */
const REFUSAL_HEADROOM = 1.1;

function authenticationMethods({
  hooks,
  scram,
  ...options
}: MqttBrokerOptions): Map<string, AuthenticationMethod> {
  const methods = [...(options.authenticationMethods ?? [])];
  if (hooks.scramCredentials) {
    methods.push(new ScramSha256((username, request) => hooks.scramCredentials!(username, request), scram));
  }
  return new Map(methods.map((method) => [method.name, method]));
}

/** The inside of a broker: what its connections, sessions and handlers share. */
class BrokerEngine implements Engine {
  readonly hooks: MqttBrokerHooks;
  readonly limits: Readonly<BrokerLimits>;
  readonly logger: BrokerLogger;
  readonly clientLog: BoundedLog;
  readonly deniedSubscriptionCode: number;
  readonly authenticationMethods: ReadonlyMap<string, AuthenticationMethod>;
  readonly now: () => number;
  private readonly madeAt: number;
  readonly wheel: TimerWheel;
  readonly flusher = new Flusher();
  readonly assemblers = new FrameAssemblers();
  readonly index: SubscriptionIndex;
  readonly retained: RetainedStore;
  readonly sessions: SessionRegistry;
  readonly queueBudget: QueueBudget;
  readonly connections = new Set<Connection>();
  readonly traffic = new Traffic();
  readonly sysTopics: SysTopics;
  stopping = false;

  readonly cluster: ClusterMember | undefined;

  constructor(options: MqttBrokerOptions) {
    this.hooks = options.hooks;
    this.limits = { ...defaultLimits, ...options.limits };
    this.logger = options.logger ?? silentLogger;
    this.deniedSubscriptionCode = options.deniedSubscriptionCode ?? ReasonCode.NotAuthorized;
    this.authenticationMethods = authenticationMethods(options);
    this.now = options.now ?? monotonicNow;
    this.clientLog = new BoundedLog(this.logger, this.now);
    this.madeAt = this.now();
    this.wheel = new TimerWheel(this.limits.timerResolutionMs, this.now);
    this.index = new SubscriptionIndex(this.limits.maxCachedMatches);
    this.retained = new RetainedStore(
      this.limits.maxRetainedMessages,
      this.limits.maxRetainedBytes,
      this.now,
    );
    this.sessions = new SessionRegistry(this);
    this.queueBudget = { messages: 0, bytes: 0, maxBytes: this.limits.maxTotalQueuedBytes };
    this.cluster = options.cluster && new ClusterMember(this, options.cluster);
    this.sysTopics = new SysTopics(this, options.sysIntervalMs ?? 0, options.version ?? 'carillon');
  }

  age(): number {
    return Math.floor(this.now() - this.madeAt);
  }

  handle(connection: Connection, packet: Packet): void | Promise<void> {
    return dispatch(connection, packet);
  }

  route(publication: Publication): void | Promise<void> {
    if (this.cluster) return this.cluster.route(publication);
    this.distribute(publication);
  }

  distribute(publication: Publication): void {
    if (publication.retain && !this.retained.store(publication)) {
      this.clientLog.warn('retained message not kept: no room', { topic: publication.topic });
    }
    const { recipients, groups } = this.index.match(publication.topic);
    for (const recipient of recipients) offer(recipient.session, publication, recipient);
    for (const group of groups) offerToOne(group, publication);
    publication.settle();
  }

  bequeath(bequests: readonly Bequest[]): void {
    for (const { share, publication } of bequests) {
      if (publication.expired(this.now())) continue;
      const parsed = parseFilter(share, this.limits);
      const group = parsed && this.index.group(parsed);
      if (group) offerToOne(group, publication);
      publication.settle();
    }
  }

  publishWill(clientId: string, will: PendingWill): void {
    this.supervise(this.judgeWill(clientId, will), 'will');
  }

  supervise(promise: Promise<unknown>, what: string): void {
    promise.catch((error: unknown) => this.logger.error(`${what} failed`, { error }));
  }

  notify(what: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.logger.error(`${what} failed`, { error });
    }
  }

  private async judgeWill(clientId: string, { client, will }: PendingWill): Promise<void> {
    const { willDelayInterval: _, ...properties } = will.properties ?? {};
    const message: BrokerMessage = { ...will, properties };
    const verdict: PublishVerdict | undefined = client && (await this.hooks.onPublish?.(client, message));
    if (verdict === undefined || verdict === 'route')
      await this.route(new Publication(message, this.now, clientId));
  }
}

/**
 * An MQTT 3.1, 3.1.1 and 5.0 broker without sockets of its own: it is given streams, and asks its hooks.
 */
export class MqttBroker {
  private readonly engine: BrokerEngine;

  constructor(options: MqttBrokerOptions) {
    this.engine = new BrokerEngine(options);
  }

  /** Connections attached and not yet closed. */
  get connectionCount(): number {
    return this.engine.connections.size;
  }

  get statistics(): BrokerStatistics {
    const { connections, sessions, index, retained, queueBudget, traffic } = this.engine;
    return {
      connections: connections.size,
      sessions: sessions.size,
      subscriptions: index.size,
      retainedMessages: retained.size,
      retainedBytes: retained.bytes,
      queuedMessages: queueBudget.messages,
      queuedBytes: queueBudget.bytes,
      traffic,
    };
  }

  /** Fulfilled when clients may be attached: at once, but where sessions and publications are shared. */
  async start(): Promise<void> {
    this.engine.stopping = false;
    this.engine.wheel.start();
    this.engine.sysTopics.start();
    await this.engine.cluster?.start();
  }

  /** Takes over one network connection; the broker ends and destroys the stream. */
  attach(stream: Duplex, peer: PeerInfo): void {
    const { engine } = this;
    if (engine.stopping || engine.connections.size >= engine.limits.maxConnections * REFUSAL_HEADROOM) {
      recordTurnedAway(engine, peer);
      stream.on('error', () => {}).destroy();
      return;
    }
    new Connection(engine, stream, peer).open();
  }

  /**
   * Publishes from the server's side.
   * @throws TypeError if the topic is no topic name
   */
  publish(message: BrokerMessage): void {
    const { engine } = this;
    if (!isTopicName(message.topic) || levelCount(message.topic) > engine.limits.maxTopicLevels) {
      throw new TypeError(`not a topic name: ${JSON.stringify(message.topic)}`);
    }
    const routed = engine.route(new Publication(message, engine.now, undefined));
    if (routed) engine.supervise(routed, 'publication');
  }

  /** The connected clients. */
  *clients(): Iterable<MqttClient> {
    for (const { state, client } of this.engine.connections)
      if (state === 'connected' && client) yield client;
  }

  /** What `authorizeSubscribe` bounds its subscriptions by has changed: the bounds are asked anew. */
  reconsiderTopics(): void {
    this.engine.index.clearCache();
  }

  client(clientId: string): MqttClient | undefined {
    const connection = this.engine.sessions.get(clientId)?.connection;
    return connection?.state === 'connected' ? connection.client : undefined;
  }

  /**
   * Ends a client's connection; false if it has none here. With 'taken-over' the session is forgotten too, without
   * an end: it lives on at another edge.
   */
  disconnect(clientId: string, reason: DisconnectReason): boolean {
    const { sessions } = this.engine;
    const session = sessions.get(clientId);
    const { connection } = session ?? {};
    connection?.disconnect(reason);
    if (session && reason === 'taken-over') sessions.forget(session);
    return connection !== undefined;
  }

  /**
   * Says goodbye to all, waits until they are gone, and at the deadline destroys what is left. Wills are not sent.
   * @param serverReference where clients may go instead
   */
  async stop(
    reason: DisconnectReason,
    deadlineMs: number,
    inSteps: StoppingSteps = atOnce,
    serverReference?: string,
  ): Promise<void> {
    const { engine } = this;
    engine.stopping = true;
    const deadline = engine.now() + deadlineMs;
    for await (const some of inSteps([...engine.connections], deadlineMs))
      for (const connection of some) connection.disconnect(reason, serverReference);
    while (engine.connections.size > 0 && engine.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    for (const connection of engine.connections) connection.destroy();
    await engine.cluster?.stop();
    engine.wheel.stop();
  }
}
