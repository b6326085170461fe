import type { ProtocolVersion, QoS, UserProperty } from './codec/packets.js';
import type { DeliveryOutcome, DirectDelivery } from './message.js';
import type { DisconnectReason } from './reason-codes.js';

/** What a client's certificate says, once whoever owns the socket has verified it against an authority that it trusts. */
export interface PeerCertificate {
  /** Of the subject, if there is just one. */
  readonly commonName: string | undefined;
  /** Of the Subject Alternative Name. */
  readonly dnsNames: readonly string[];
  /** DER. */
  readonly raw: Buffer;
}

export interface PeerInfo {
  address: string;
  secure: boolean;
  transport: 'tcp' | 'tls' | 'websocket';
  /** For the hooks to judge; the engine makes nothing of it. */
  certificate?: PeerCertificate;
}

/** What a client asked for, before it is let in. */
export interface ConnectRequest {
  /** As sent; empty if the client wants one assigned. */
  clientId: string;
  protocolVersion: ProtocolVersion;
  cleanStart: boolean;
  /** Seconds. */
  keepAlive: number;
  username: string | undefined;
  password: Buffer | undefined;
  willTopic: string | undefined;
  userProperties: readonly UserProperty[];
  peer: PeerInfo;
}

export interface ClientSubscription {
  readonly filter: string;
  readonly qos: QoS;
}

/** One connected client. Invalid from `onDisconnected` on: `deliver` then answers 'closed'. */
export interface MqttClient {
  readonly id: string;
  readonly protocolVersion: ProtocolVersion;
  /** What `authenticate` said that this client is. */
  readonly principal: unknown;
  readonly peer: PeerInfo;
  readonly sessionPresent: boolean;
  /** Unacknowledged publications that may be on their way to it: its Receive Maximum, or our own bound if lower. */
  readonly receiveMaximum: number;
  readonly connected: boolean;
  readonly subscriptions: readonly ClientSubscription[];
  /** Cookies of the direct deliveries that this session has not yet acknowledged, oldest first. */
  readonly pendingCookies: unknown[];
  /** The subscription with the highest QoS that matches the topic; shared subscriptions do not count. */
  subscriptionFor(topic: string): { qos: QoS } | undefined;
  /** Sends to this client alone. The caller keeps what is not `written`. */
  deliver(delivery: DirectDelivery): DeliveryOutcome;
  /** Subscribes on the client's behalf; false if the filter is not valid or the client has too many. Hooks are not called. */
  addSubscription(filter: string, qos: QoS): boolean;
  disconnect(reason: DisconnectReason): void;
}

/** Why a connection ended. */
export interface DisconnectCause {
  by: 'client' | 'server' | 'network';
  reasonCode: number;
  detail: string;
}
