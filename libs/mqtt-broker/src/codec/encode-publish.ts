import type { Properties, QoS } from './packets.js';
import { MAX_REMAINING_LENGTH, varintSize, writeVarint } from './packet-writer.js';
import { encodeProperties } from './properties.js';

/** A payload larger than this is not copied behind its header: both go out as buffers of their own. */
export const INLINE_PAYLOAD = 4096;

export interface PublishHead {
  /** The packet up to the payload, with the payload behind it where `inline`. */
  bytes: Buffer;
  /** Where the two bytes of the packet identifier are; 0 at QoS 0. */
  packetIdAt: number;
  /** Bytes of the whole packet. */
  size: number;
  inline: boolean;
}

export interface PublishFields {
  topic: string;
  payload: Buffer;
  qos: QoS;
  retain: boolean;
  dup: boolean;
  packetId: number;
}

/**
 * PUBLISH for the wire. `block` is the encoded property block of 5.0, undefined in 3.x.
 * @throws RangeError when topic or packet exceed what the protocol can say
 */
export function encodePublishHead(fields: PublishFields, block: Buffer | undefined): PublishHead {
  const { topic, payload, qos } = fields;
  const topicLength = Buffer.byteLength(topic);
  if (topicLength > 0xffff) throw new RangeError('topic longer than 65,535 bytes');
  const headLength = 2 + topicLength + (qos > 0 ? 2 : 0) + (block ? block.length : 0);
  const remaining = headLength + payload.length;
  if (remaining > MAX_REMAINING_LENGTH) throw new RangeError('MQTT packet too large');
  const inline = payload.length <= INLINE_PAYLOAD;
  const fixed = 1 + varintSize(remaining);
  const bytes = Buffer.allocUnsafe(fixed + (inline ? remaining : headLength));
  bytes[0] = 0x30 | (fields.dup ? 8 : 0) | (qos << 1) | (fields.retain ? 1 : 0);
  let at = writeVarint(bytes, 1, remaining);
  bytes[at++] = topicLength >>> 8;
  bytes[at++] = topicLength & 0xff;
  at += bytes.write(topic, at, 'utf8');
  const packetIdAt = qos > 0 ? at : 0;
  if (qos > 0) at = writePacketId(bytes, at, fields.packetId);
  if (block) at += block.copy(bytes, at);
  if (inline) payload.copy(bytes, at);
  return { bytes, packetIdAt, size: fixed + remaining, inline };
}

export function writePacketId(target: Buffer, at: number, packetId: number): number {
  target[at] = packetId >>> 8;
  target[at + 1] = packetId & 0xff;
  return at + 2;
}

let lastProperties: Properties | undefined;
let lastBlock: Buffer | undefined;

/** The property block; the one asked for last is kept, as a notification goes to many devices with the same properties. */
export function propertyBlock(properties: Properties | undefined): Buffer {
  if (properties === undefined) return encodeProperties(undefined);
  if (properties !== lastProperties || lastBlock === undefined) {
    lastBlock = encodeProperties(properties);
    lastProperties = properties;
  }
  return lastBlock;
}

/** Forgets the kept block: called once a tick, so that a caller may change its properties object afterwards. */
export function forgetPropertyBlock(): void {
  lastProperties = lastBlock = undefined;
}
