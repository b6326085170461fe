import type { ScramLookup } from './authentication/scram-sha-256.js';
import type { ConnectRequest, DisconnectCause, MqttClient } from './client.js';
import type { QoS } from './codec/packets.js';
import type { BrokerMessage } from './message.js';
import type { RefusalReason } from './reason-codes.js';

export type AuthenticationOutcome =
  | { ok: true; principal: unknown; /** Instead of the one sent. */ clientId?: string }
  | { ok: false; reason: RefusalReason };

/**
 * - `route`: to subscribers and, with RETAIN, into the retained messages
 * - `consume`: acknowledged, and that is all
 * - `refuse`: in 5.0 the reason code of PUBACK or PUBREC. In 3.x, which has none, a refusal for good (0x87, 0x90,
 *   0x99) is acknowledged and dropped; any other closes the connection, so that the client sends again.
 */
export type PublishVerdict = 'route' | 'consume' | { refuse: number };

/** Whether a subscription is granted; with `only`, for those of its topics of which that is true. */
export type SubscriptionVerdict = boolean | { only: TopicBound };

/** Pure: it is asked once for many messages on a topic. `MqttBroker.reconsiderTopics` has it asked again. */
export type TopicBound = (topic: string) => boolean;

export interface PublishRequest {
  qos: QoS;
  retain: boolean;
}

/** What the surroundings decide and hear. A hook that throws or rejects is logged and counts as a refusal. */
export interface MqttBrokerHooks {
  authenticate(request: ConnectRequest): AuthenticationOutcome | Promise<AuthenticationOutcome>;
  /**
   * The keys of a user, for SCRAM-SHA-256 (RFC 7677); `authenticate` is not asked then. Undefined: there is no such user,
   * which the client cannot tell from a wrong password. The name is as the client sent it, not normalized.
   */
  scramCredentials?(username: string, request: ConnectRequest): ScramLookup | Promise<ScramLookup>;
  /** Also asked for the topic of a will, while the client connects. */
  authorizePublish?(client: MqttClient, topic: string, request: PublishRequest): boolean | Promise<boolean>;
  /** `filter` is without `$share/{group}/`. */
  authorizeSubscribe?(
    client: MqttClient,
    filter: string,
    qos: QoS,
  ): SubscriptionVerdict | Promise<SubscriptionVerdict>;
  /**
   * What a session that outlives this broker is to remember of who its client is; `restoreSubscription` is given it back.
   * Not asked where brokers share nothing.
   */
  identityOf?(client: MqttClient): string;
  /** `authorizeSubscribe` for a session that comes from elsewhere, before its client is back. Without it: granted. */
  restoreSubscription?(identity: string, filter: string, qos: QoS): SubscriptionVerdict;
  /** Whether no client can publish to what the filter matches: the surroundings serve it by direct deliveries alone. */
  servesTopic?(filter: string): boolean;
  /** After the CONNACK and what the session had to repeat. */
  onConnected?(client: MqttClient): void;
  /** Exactly once for each `onConnected`. */
  onDisconnected?(client: MqttClient, cause: DisconnectCause): void;
  /** After the SUBACK. */
  onSubscribed?(client: MqttClient, filter: string, qos: QoS): void;
  onUnsubscribed?(client: MqttClient, filter: string): void;
  /** Packets of one client wait for it, in order; QoS 1 and 2 are acknowledged after it. Wills pass through it too. */
  onPublish?(client: MqttClient, message: BrokerMessage): PublishVerdict | Promise<PublishVerdict>;
  /** PUBACK or PUBCOMP of a direct delivery (or PUBREC with an error); at QoS 0 at once, from within `deliver`. */
  onDeliveryAcknowledged?(client: MqttClient, cookie: unknown, reasonCode: number): void;
  /** A `deliver` that answered `window-full` has good prospects now. */
  onWindowOpen?(client: MqttClient): void;
  /**
   * Asked for each unacknowledged direct delivery when its session is resumed, before `onConnected`: false drops it
   * instead of repeating it with DUP. At QoS 2 the exchange is completed without the message.
   */
  beforeResend?(client: MqttClient, cookie: unknown): boolean | Promise<boolean>;
  /** A publication that a session lost to a stated bound; not called for QoS 0. */
  onMessageDropped?(clientId: string, topic: string, why: DropReason): void;
}

export type DropReason = 'queue-full' | 'expired' | 'too-large';

/** The engine's narrow logger. */
export interface BrokerLogger {
  debug(message: string, context?: Record<string, unknown>): void;
  info(message: string, context?: Record<string, unknown>): void;
  warn(message: string, context?: Record<string, unknown>): void;
  error(message: string, context?: Record<string, unknown>): void;
}

const nothing = (): void => {};

export const silentLogger: BrokerLogger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
