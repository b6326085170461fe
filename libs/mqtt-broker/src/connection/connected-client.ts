import type { ClientSubscription, MqttClient, PeerInfo } from '../client.js';
import type { ProtocolVersion, QoS } from '../codec/packets.js';
import { subscribe } from '../session/subscriptions.js';
import { InflightEntry } from '../inflight/inflight-window.js';
import type { DeliveryOutcome, DirectDelivery } from '../message.js';
import type { DisconnectReason } from '../reason-codes.js';
import type { Session } from '../session/session.js';
import { parseFilter, filterMatches } from '../topics/topic-filter.js';
import type { Connection } from './connection.js';
import { sendDirect } from './send-publish.js';

/** The view of a connected client that hooks get. */
export class ConnectedClient implements MqttClient {
  sessionPresent = false;
  /** `onConnected` was called. */
  announced = false;

  constructor(
    readonly id: string,
    readonly principal: unknown,
    private readonly connection: Connection,
    private session: Session | undefined,
  ) {}

  get protocolVersion(): ProtocolVersion {
    return this.connection.version;
  }

  get peer(): PeerInfo {
    return this.connection.peer;
  }

  get receiveMaximum(): number {
    return this.connection.receiveMaximum;
  }

  get connected(): boolean {
    return this.connection.state === 'connected';
  }

  get subscriptions(): readonly ClientSubscription[] {
    return [...(this.session?.subscriptions?.values() ?? [])];
  }

  get pendingCookies(): unknown[] {
    const cookies: unknown[] = [];
    for (const { delivery } of this.session?.window.all() ?? []) if (delivery) cookies.push(delivery.cookie);
    return cookies;
  }

  /** The client is let in, with its session. */
  enter(session: Session): void {
    this.session = session;
  }

  subscriptionFor(topic: string): { qos: QoS } | undefined {
    let best: { qos: QoS } | undefined;
    for (const subscription of this.session?.subscriptions?.values() ?? []) {
      if (subscription.shareName !== undefined || !filterMatches(subscription.topicFilter, topic)) continue;
      if (!best || subscription.qos > best.qos) best = subscription;
    }
    return best;
  }

  deliver(delivery: DirectDelivery): DeliveryOutcome {
    const { session, connection } = this;
    if (!session || session.connection !== connection || !this.connected) return 'closed';
    const room = delivery.qos === 0 ? connection.flowing && !connection.congested : session.hasRoom;
    if (!room) {
      session.directWaiting = true;
      return 'window-full';
    }
    return delivery.qos === 0 ? this.deliverUnacknowledged(delivery) : this.deliverTracked(session, delivery);
  }

  addSubscription(filter: string, qos: QoS): boolean {
    const { session } = this;
    const parsed = parseFilter(filter, this.connection.engine.limits);
    if (!session || !parsed) return false;
    const asked = { qos, noLocal: false, retainAsPublished: false, retainHandling: 1 } as const;
    return subscribe(session, parsed, { ...asked, identifiers: undefined });
  }

  disconnect(reason: DisconnectReason): void {
    this.connection.disconnect(reason);
  }

  private deliverUnacknowledged(delivery: DirectDelivery): DeliveryOutcome {
    if (!this.write(delivery, 0)) return 'too-large';
    const { engine } = this.connection;
    engine.notify('onDeliveryAcknowledged', () =>
      engine.hooks.onDeliveryAcknowledged?.(this, delivery.cookie, 0),
    );
    return 'written';
  }

  private deliverTracked(session: Session, delivery: DirectDelivery): DeliveryOutcome {
    const packetId = session.window.nextPacketId();
    if (packetId === 0) return 'window-full';
    if (!this.write(delivery, packetId)) return 'too-large';
    const { qos, retain = false } = delivery;
    const sentAt = this.connection.engine.now();
    session.window.add(new InflightEntry(packetId, qos, retain, undefined, undefined, delivery, sentAt));
    return 'written';
  }

  /** False also for what no packet can say: a topic or property longer than 65,535 bytes. */
  private write(delivery: DirectDelivery, packetId: number): boolean {
    try {
      return sendDirect(this.connection, delivery, packetId);
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
  }
}
