import { ReasonCode as R } from '../reason-codes.js';
import { PacketType } from './packets.js';

const publishReplies = [
  R.Success,
  R.NoMatchingSubscribers,
  R.UnspecifiedError,
  R.ImplementationSpecificError,
  R.NotAuthorized,
  R.TopicNameInvalid,
  R.PacketIdentifierInUse,
  R.QuotaExceeded,
  R.PayloadFormatInvalid,
];

const connackCodes = [
  R.Success,
  R.UnspecifiedError,
  R.MalformedPacket,
  R.ProtocolError,
  R.ImplementationSpecificError,
  R.UnsupportedProtocolVersion,
  R.ClientIdentifierNotValid,
  R.BadUserNameOrPassword,
  R.NotAuthorized,
  R.ServerUnavailable,
  R.ServerBusy,
  R.Banned,
  R.BadAuthenticationMethod,
  R.TopicNameInvalid,
  R.PacketTooLarge,
  R.QuotaExceeded,
  R.PayloadFormatInvalid,
  R.RetainNotSupported,
  R.QoSNotSupported,
  R.UseAnotherServer,
  R.ServerMoved,
  R.ConnectionRateExceeded,
];

const disconnectCodes = [
  R.NormalDisconnection,
  R.DisconnectWithWill,
  R.UnspecifiedError,
  R.MalformedPacket,
  R.ProtocolError,
  R.ImplementationSpecificError,
  R.NotAuthorized,
  R.ServerBusy,
  R.ServerShuttingDown,
  R.KeepAliveTimeout,
  R.SessionTakenOver,
  R.TopicFilterInvalid,
  R.TopicNameInvalid,
  R.ReceiveMaximumExceeded,
  R.TopicAliasInvalid,
  R.PacketTooLarge,
  R.MessageRateTooHigh,
  R.QuotaExceeded,
  R.AdministrativeAction,
  R.PayloadFormatInvalid,
  R.RetainNotSupported,
  R.QoSNotSupported,
  R.UseAnotherServer,
  R.ServerMoved,
  R.SharedSubscriptionsNotSupported,
  R.ConnectionRateExceeded,
  R.MaximumConnectTime,
  R.SubscriptionIdentifiersNotSupported,
  R.WildcardSubscriptionsNotSupported,
];

const subackCodes = [
  0,
  1,
  2,
  R.UnspecifiedError,
  R.ImplementationSpecificError,
  R.NotAuthorized,
  R.TopicFilterInvalid,
  R.PacketIdentifierInUse,
  R.QuotaExceeded,
  R.SharedSubscriptionsNotSupported,
  R.SubscriptionIdentifiersNotSupported,
  R.WildcardSubscriptionsNotSupported,
];

const unsubackCodes = [
  R.Success,
  R.NoSubscriptionExisted,
  R.UnspecifiedError,
  R.ImplementationSpecificError,
  R.NotAuthorized,
  R.TopicFilterInvalid,
  R.PacketIdentifierInUse,
];

/** Reason codes that each packet of 5.0 may carry (§2.4 table 2-6), by packet type. */
export const allowedReasonCodes: Readonly<Record<number, ReadonlySet<number>>> = {
  [PacketType.CONNACK]: new Set<number>(connackCodes),
  [PacketType.PUBACK]: new Set<number>(publishReplies),
  [PacketType.PUBREC]: new Set<number>(publishReplies),
  [PacketType.PUBREL]: new Set<number>([R.Success, R.PacketIdentifierNotFound]),
  [PacketType.PUBCOMP]: new Set<number>([R.Success, R.PacketIdentifierNotFound]),
  [PacketType.SUBACK]: new Set<number>(subackCodes),
  [PacketType.UNSUBACK]: new Set<number>(unsubackCodes),
  [PacketType.DISCONNECT]: new Set<number>(disconnectCodes),
  [PacketType.AUTH]: new Set<number>([R.Success, R.ContinueAuthentication, R.ReAuthenticate]),
};
