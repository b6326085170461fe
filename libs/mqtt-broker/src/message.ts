import type { Properties, QoS } from './codec/packets.js';

/** Properties of 5.0 that travel with a message; 3.x clients do not see them. */
export type MessageProperties = Pick<
  Properties,
  | 'payloadFormatIndicator'
  | 'messageExpiryInterval'
  | 'contentType'
  | 'responseTopic'
  | 'correlationData'
  | 'userProperties'
>;

/** A publication in the topic tree. */
export interface BrokerMessage {
  topic: string;
  /** In hooks a view on the bytes read: copy it to keep it. */
  payload: Buffer;
  qos: QoS;
  retain: boolean;
  properties?: MessageProperties;
}

/** A message for one client alone, outside of the topic tree. The engine keeps it while unacknowledged: do not change it. */
export interface DirectDelivery {
  topic: string;
  payload: Buffer;
  qos: QoS;
  retain?: boolean;
  properties?: MessageProperties;
  /** Given back on acknowledgement; the engine does not look at it. */
  cookie: unknown;
}

/**
 * - `written`: on its way; at QoS 0 that is all there is to know
 * - `window-full`: no free place in the client's window, or the client does not read; `onWindowOpen` says when to try again
 * - `too-large`: above the client's Maximum Packet Size [MQTT-3.1.2-24], or more than the protocol can say
 * - `closed`: the client is gone
 */
export type DeliveryOutcome = 'written' | 'window-full' | 'too-large' | 'closed';
