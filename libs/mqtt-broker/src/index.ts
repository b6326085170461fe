export type {
  AuthenticationExchange,
  AuthenticationMethod,
  AuthenticationStep,
} from './authentication/authentication-method.js';
export {
  ScramSha256,
  type ScramCredentials,
  type ScramLookup,
  type ScramOptions,
} from './authentication/scram-sha-256.js';
export {
  PublicationLog,
  type LogEntry,
  type LoggedPublication,
  type LogReader,
  type ShareHolding,
  type SharePresence,
} from './cluster/publication-log.js';
export {
  SessionHold,
  SessionStore,
  type SessionChange,
  type SessionClaim,
  type SessionHolder,
  type StoredMessage,
  type StoredSession,
  type StoredSubscription,
} from './cluster/session-store.js';
export { MqttBroker, type BrokerStatistics } from './broker.js';
export type { MqttBrokerOptions } from './broker-options.js';
export type {
  ClientSubscription,
  ConnectRequest,
  DisconnectCause,
  MqttClient,
  PeerCertificate,
  PeerInfo,
} from './client.js';
export type { ProtocolVersion, QoS, UserProperty, Will } from './codec/packets.js';
export type {
  AuthenticationOutcome,
  BrokerLogger,
  DropReason,
  MqttBrokerHooks,
  PublishRequest,
  PublishVerdict,
  SubscriptionVerdict,
  TopicBound,
} from './hooks.js';
export { defaultLimits, type BrokerLimits } from './limits.js';
export type { BrokerMessage, DeliveryOutcome, DirectDelivery, MessageProperties } from './message.js';
export {
  disconnectReasonCodes,
  ReasonCode,
  reasonName,
  type DisconnectReason,
  type RefusalReason,
} from './reason-codes.js';
export type { Traffic } from './statistics/traffic.js';
export { filterMatches, isTopicName } from './topics/topic-filter.js';
