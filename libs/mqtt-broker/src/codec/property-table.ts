import { PacketType, type Properties } from './packets.js';

export type PropertyKind = 'byte' | 'uint16' | 'uint32' | 'varint' | 'utf8' | 'binary' | 'pair';

export interface PropertyRule {
  id: number;
  name: keyof Properties;
  kind: PropertyKind;
  /** Bits 1 << packet type; bit 0 stands for the will of a CONNECT. */
  packets: number;
  /** Packets in which it may come more than once. */
  repeatable: number;
  /** 'flag': 0 or 1; 'nonzero': anything but 0. */
  values: 'any' | 'flag' | 'nonzero';
}

/** Will properties live in the payload of a CONNECT; they are looked up as if they were a packet of type 0. */
export const WILL_PROPERTIES = 0;

const mask = (...types: number[]): number => types.reduce((bits, type) => bits | (1 << type), 0);

const { CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP } = PacketType;
const { SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, DISCONNECT, AUTH } = PacketType;

const MESSAGE = mask(PUBLISH, WILL_PROPERTIES);
const REPLY = mask(CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK, DISCONNECT, AUTH);
const EVERY = REPLY | MESSAGE | mask(CONNECT, SUBSCRIBE, UNSUBSCRIBE);

function rule(
  id: number,
  name: keyof Properties,
  kind: PropertyKind,
  packets: number,
  values: PropertyRule['values'] = 'any',
  repeatable = 0,
): PropertyRule {
  return { id, name, kind, packets, repeatable, values };
}

/** MQTT 5.0 §2.2.2.2, table 2-4. */
export const propertyRules: readonly PropertyRule[] = [
  rule(0x01, 'payloadFormatIndicator', 'byte', MESSAGE, 'flag'),
  rule(0x02, 'messageExpiryInterval', 'uint32', MESSAGE),
  rule(0x03, 'contentType', 'utf8', MESSAGE),
  rule(0x08, 'responseTopic', 'utf8', MESSAGE),
  rule(0x09, 'correlationData', 'binary', MESSAGE),
  rule(0x0b, 'subscriptionIdentifiers', 'varint', mask(PUBLISH, SUBSCRIBE), 'nonzero', mask(PUBLISH)),
  rule(0x11, 'sessionExpiryInterval', 'uint32', mask(CONNECT, CONNACK, DISCONNECT)),
  rule(0x12, 'assignedClientIdentifier', 'utf8', mask(CONNACK)),
  rule(0x13, 'serverKeepAlive', 'uint16', mask(CONNACK)),
  rule(0x15, 'authenticationMethod', 'utf8', mask(CONNECT, CONNACK, AUTH)),
  rule(0x16, 'authenticationData', 'binary', mask(CONNECT, CONNACK, AUTH)),
  rule(0x17, 'requestProblemInformation', 'byte', mask(CONNECT), 'flag'),
  rule(0x18, 'willDelayInterval', 'uint32', mask(WILL_PROPERTIES)),
  rule(0x19, 'requestResponseInformation', 'byte', mask(CONNECT), 'flag'),
  rule(0x1a, 'responseInformation', 'utf8', mask(CONNACK)),
  rule(0x1c, 'serverReference', 'utf8', mask(CONNACK, DISCONNECT)),
  rule(0x1f, 'reasonString', 'utf8', REPLY),
  rule(0x21, 'receiveMaximum', 'uint16', mask(CONNECT, CONNACK), 'nonzero'),
  rule(0x22, 'topicAliasMaximum', 'uint16', mask(CONNECT, CONNACK)),
  rule(0x23, 'topicAlias', 'uint16', mask(PUBLISH), 'nonzero'),
  rule(0x24, 'maximumQoS', 'byte', mask(CONNACK), 'flag'),
  rule(0x25, 'retainAvailable', 'byte', mask(CONNACK), 'flag'),
  rule(0x26, 'userProperties', 'pair', EVERY, 'any', EVERY),
  rule(0x27, 'maximumPacketSize', 'uint32', mask(CONNECT, CONNACK), 'nonzero'),
  rule(0x28, 'wildcardSubscriptionAvailable', 'byte', mask(CONNACK), 'flag'),
  rule(0x29, 'subscriptionIdentifiersAvailable', 'byte', mask(CONNACK), 'flag'),
  rule(0x2a, 'sharedSubscriptionAvailable', 'byte', mask(CONNACK), 'flag'),
];

export const rulesById: ReadonlyMap<number, PropertyRule> = new Map(propertyRules.map((r) => [r.id, r]));
