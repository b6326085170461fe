/** Reason codes of MQTT 5.0 §2.4. A 3.x client sees only those that `connackReturnCode` maps. */
export const ReasonCode = {
  Success: 0x00,
  NormalDisconnection: 0x00,
  DisconnectWithWill: 0x04,
  NoMatchingSubscribers: 0x10,
  NoSubscriptionExisted: 0x11,
  ContinueAuthentication: 0x18,
  ReAuthenticate: 0x19,
  UnspecifiedError: 0x80,
  MalformedPacket: 0x81,
  ProtocolError: 0x82,
  ImplementationSpecificError: 0x83,
  UnsupportedProtocolVersion: 0x84,
  ClientIdentifierNotValid: 0x85,
  BadUserNameOrPassword: 0x86,
  NotAuthorized: 0x87,
  ServerUnavailable: 0x88,
  ServerBusy: 0x89,
  Banned: 0x8a,
  ServerShuttingDown: 0x8b,
  BadAuthenticationMethod: 0x8c,
  KeepAliveTimeout: 0x8d,
  SessionTakenOver: 0x8e,
  TopicFilterInvalid: 0x8f,
  TopicNameInvalid: 0x90,
  PacketIdentifierInUse: 0x91,
  PacketIdentifierNotFound: 0x92,
  ReceiveMaximumExceeded: 0x93,
  TopicAliasInvalid: 0x94,
  PacketTooLarge: 0x95,
  MessageRateTooHigh: 0x96,
  QuotaExceeded: 0x97,
  AdministrativeAction: 0x98,
  PayloadFormatInvalid: 0x99,
  RetainNotSupported: 0x9a,
  QoSNotSupported: 0x9b,
  UseAnotherServer: 0x9c,
  ServerMoved: 0x9d,
  SharedSubscriptionsNotSupported: 0x9e,
  ConnectionRateExceeded: 0x9f,
  MaximumConnectTime: 0xa0,
  SubscriptionIdentifiersNotSupported: 0xa1,
  WildcardSubscriptionsNotSupported: 0xa2,
} as const;

const names = new Map<number, string>();
for (const [name, code] of Object.entries(ReasonCode)) {
  const words = name.replace('QoS', 'Qos').replace(/(?<=.)[A-Z]/g, (letter) => `-${letter}`);
  if (!names.has(code)) names.set(code, words.toLowerCase());
}

/** The name of a reason code, for logs and metrics: `not-authorized`; 0x00 is `success`, or of a DISCONNECT `normal-disconnection`. */
export function reasonName(reasonCode: number, disconnect = false): string {
  if (disconnect && reasonCode === ReasonCode.NormalDisconnection) return 'normal-disconnection';
  return names.get(reasonCode) ?? `0x${reasonCode.toString(16)}`;
}

/** Why the server ends a connection, in words; `disconnectReasonCodes` has the wire's number. */
export type DisconnectReason =
  | 'normal'
  | 'unspecified'
  | 'malformed-packet'
  | 'protocol-error'
  | 'implementation-error'
  | 'not-authorized'
  | 'server-busy'
  | 'shutting-down'
  | 'keepalive-timeout'
  | 'taken-over'
  | 'receive-maximum-exceeded'
  | 'topic-alias-invalid'
  | 'packet-too-large'
  | 'message-rate-too-high'
  | 'quota-exceeded'
  | 'administrative-action'
  | 'use-another-server'
  | 'server-moved'
  | 'connection-rate-exceeded'
  | 'maximum-connect-time';

/** Reason codes of a DISCONNECT that the server sends (MQTT 5.0 §3.14.2.1). */
export const disconnectReasonCodes: Readonly<Record<DisconnectReason, number>> = {
  normal: ReasonCode.NormalDisconnection,
  unspecified: ReasonCode.UnspecifiedError,
  'malformed-packet': ReasonCode.MalformedPacket,
  'protocol-error': ReasonCode.ProtocolError,
  'implementation-error': ReasonCode.ImplementationSpecificError,
  'not-authorized': ReasonCode.NotAuthorized,
  'server-busy': ReasonCode.ServerBusy,
  'shutting-down': ReasonCode.ServerShuttingDown,
  'keepalive-timeout': ReasonCode.KeepAliveTimeout,
  'taken-over': ReasonCode.SessionTakenOver,
  'receive-maximum-exceeded': ReasonCode.ReceiveMaximumExceeded,
  'topic-alias-invalid': ReasonCode.TopicAliasInvalid,
  'packet-too-large': ReasonCode.PacketTooLarge,
  'message-rate-too-high': ReasonCode.MessageRateTooHigh,
  'quota-exceeded': ReasonCode.QuotaExceeded,
  'administrative-action': ReasonCode.AdministrativeAction,
  'use-another-server': ReasonCode.UseAnotherServer,
  'server-moved': ReasonCode.ServerMoved,
  'connection-rate-exceeded': ReasonCode.ConnectionRateExceeded,
  'maximum-connect-time': ReasonCode.MaximumConnectTime,
};

/** Why a connection is refused before it begins. */
export type RefusalReason =
  | 'bad-credentials'
  | 'not-authorized'
  | 'identifier-rejected'
  | 'server-unavailable'
  | 'quota-exceeded'
  | 'connection-rate-exceeded';

/** Reason codes of a CONNACK (MQTT 5.0 §3.2.2.2). */
export const refusalReasonCodes: Readonly<Record<RefusalReason, number>> = {
  'bad-credentials': ReasonCode.BadUserNameOrPassword,
  'not-authorized': ReasonCode.NotAuthorized,
  'identifier-rejected': ReasonCode.ClientIdentifierNotValid,
  'server-unavailable': ReasonCode.ServerUnavailable,
  'quota-exceeded': ReasonCode.QuotaExceeded,
  'connection-rate-exceeded': ReasonCode.ConnectionRateExceeded,
};

const connackReturnCodes = new Map<number, number>([
  [ReasonCode.Success, 0],
  [ReasonCode.UnsupportedProtocolVersion, 1],
  [ReasonCode.ClientIdentifierNotValid, 2],
  [ReasonCode.ServerUnavailable, 3],
  [ReasonCode.ServerBusy, 3],
  [ReasonCode.QuotaExceeded, 3],
  [ReasonCode.ConnectionRateExceeded, 3],
  [ReasonCode.ServerShuttingDown, 3],
  [ReasonCode.BadUserNameOrPassword, 4],
  [ReasonCode.NotAuthorized, 5],
  [ReasonCode.Banned, 5],
]);

/**
 * The CONNACK return code of MQTT 3.x (§3.2.2.3) for a 5.0 reason code; undefined where 3.x has none, and the
 * server then closes the connection without a CONNACK (3.1.1 [MQTT-3.2.2-6]).
 */
export function connackReturnCode(reasonCode: number): number | undefined {
  return connackReturnCodes.get(reasonCode);
}
