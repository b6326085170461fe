import {
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { Dispatch, EdgeNotice } from '@carillon/domain';
import { Metrics } from '@carillon/observability';
import {
  DispatchReader,
  EDGE_TIMEOUT,
  EdgeRegistry,
  type EdgeMessages,
  RedisPresence,
  Store,
} from '@carillon/persistence';
import { ProcessContext, Recurring } from '@carillon/process';
import { showMqttMetrics } from './mqtt-metrics.js';
import { Transports } from './transports.js';
import { showXmppMetrics } from './xmpp-metrics.js';

const HEARTBEAT_MS = 2_000;
/** Even if every hint was lost, a connected device gets its inbox after so many seconds: each second some look. */
const RECONCILE_SECONDS = 30;
/** Behind a trouble, what Redis takes for connected here is compared with what is. */
const PRESENCE_SECONDS = 10;

/** Joins this edge to the others: tells that it lives, and passes on what workers and other edges tell it. */
@Injectable()
export class EdgeService implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly reader: DispatchReader;
  private readonly heartbeat: Recurring;
  private readonly reconciliation: Recurring;
  private hintsLost = false;
  private lastBeat = 0;
  /** Of the reconciliation. */
  private seconds = 0;

  constructor(
    private readonly transports: Transports,
    private readonly registry: EdgeRegistry,
    private readonly presence: RedisPresence,
    private readonly context: ProcessContext,
    private readonly store: Store,
    metrics: Metrics,
  ) {
    this.reader = new DispatchReader({
      store,
      edgeId: context.id,
      connect: context.connectBlocking,
      onMessages: (messages) => this.take(messages),
      onError: (error) => this.readFailed(error),
    });
    this.heartbeat = new Recurring('edge heartbeat', () => this.beat(), context.logger);
    this.reconciliation = new Recurring('inbox reconciliation', () => this.reconcileSome(), context.logger);
    showMqttMetrics(metrics, transports.mqtt.broker);
    showXmppMetrics(metrics, transports.xmpp);
    metrics.gauge({
      name: 'connected_devices',
      help: 'Devices that take pushes on this edge, by transport',
      labels: ['transport'],
      collect: (gauge) => {
        for (const { kind, deviceCount } of [transports.mqtt, transports.xmpp, transports.poll]) {
          gauge.set({ transport: kind }, deviceCount);
        }
      },
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.beat();
    await this.reader.start();
    await Promise.all(this.transports.all.map((transport) => transport.start()));
    this.store.client.on('ready', this.redisIsBack);
    this.heartbeat.start();
    this.reconciliation.start();
  }

  /** Devices are told to come back elsewhere, while the HTTP server can still answer those that poll. */
  async beforeApplicationShutdown(): Promise<void> {
    this.transports.fallbacks.close();
    await Promise.all([this.heartbeat.stop(), this.reconciliation.stop()]);
    await Promise.all(this.transports.all.map((transport) => transport.drain(this.context.config.drainMs)));
  }

  /** What they acknowledged is written down before we go. */
  async onApplicationShutdown(): Promise<void> {
    this.store.client.off('ready', this.redisIsBack);
    await this.reader.stop();
    await this.transports.receipts.flush();
    await this.presence.releaseEdge(this.context.id, Number.MAX_SAFE_INTEGER);
    await this.registry.leave(this.context.id);
  }

  /** It may be another one than before. */
  private readonly redisIsBack = (): void => this.transports.receipts.repeatRecent();

  private async beat(): Promise<number> {
    const now = Date.now();
    await this.registry.heartbeat(this.context.id, now);
    const recreated = await this.reader.keepAlive();
    if (recreated || now - this.lastBeat > EDGE_TIMEOUT) await this.returnFromSilence();
    this.lastBeat = now;
    if (this.hintsLost) this.reconcile();
    return HEARTBEAT_MS;
  }

  /** The others may have taken this edge for dead, and forgotten who is connected here. */
  private async returnFromSilence(): Promise<void> {
    if (this.lastBeat === 0) return;
    this.context.logger.warn('this edge was silent for long: its connections claim their presence again');
    this.presence.doubt();
    await Promise.all(this.transports.all.map((transport) => transport.reclaim()));
    this.reconcile();
  }

  private take({ dispatches, notices }: EdgeMessages): void {
    for (const { content } of dispatches) this.transports.contents.put(content);
    const batches = byTransport(dispatches);
    for (const transport of this.transports.all) {
      const own = batches.get(transport.kind);
      if (own) transport.deliver(own);
    }
    for (const notice of notices) this.pass(notice);
  }

  private pass(notice: EdgeNotice): void {
    if (notice.reason === 'mqtt-user-changed') return this.transports.mqtt.userChanged(notice.user);
    if (notice.reason === 'account-news') return this.transports.xmpp.hear(notice.deviceId, notice.news);
    for (const transport of this.transports.all) {
      if (!('transport' in notice) || notice.transport === transport.kind) transport.notice(notice);
    }
  }

  private readFailed(error: unknown): void {
    this.hintsLost = true;
    this.context.logger.warn({ error: String(error) }, 'reading dispatches failed and is tried again');
  }

  private async reconcileSome(): Promise<number> {
    for (const transport of this.transports.all) transport.reconcile(1 / RECONCILE_SECONDS);
    if (this.seconds++ % RECONCILE_SECONDS === 0) this.transports.mqtt.reloadUsers();
    if (this.seconds % PRESENCE_SECONDS === 0) await this.releaseUnheld();
    return 1_000;
  }

  private async releaseUnheld(): Promise<void> {
    const removed = await this.presence.releaseUnheld(this.context.id, (deviceId, { transport, epoch }) =>
      this.transports.all.some((each) => each.kind === transport && each.holds(deviceId, epoch)),
    );
    if (removed > 0)
      this.context.logger.info({ connections: removed }, 'Redis had connections that this edge has not');
  }

  private reconcile(): void {
    this.hintsLost = false;
    for (const transport of this.transports.all) transport.reconcile();
    this.transports.mqtt.reloadUsers();
  }
}

/** Each transport gets what is for its devices; mostly that is all of a dispatch. */
function byTransport(dispatches: readonly Dispatch[]): Map<string, Dispatch[]> {
  const batches = new Map<string, Dispatch[]>();
  for (const dispatch of dispatches) {
    const { content, targets } = dispatch;
    const kinds = new Set(targets.map(({ transport }) => transport));
    for (const kind of kinds) {
      const own =
        kinds.size === 1 ? dispatch : { content, targets: targets.filter((each) => each.transport === kind) };
      const batch = batches.get(kind);
      if (batch) batch.push(own);
      else batches.set(kind, [own]);
    }
  }
  return batches;
}
