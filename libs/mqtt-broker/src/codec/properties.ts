import { ReasonCode } from '../reason-codes.js';
import type { PacketReader } from './packet-reader.js';
import { PacketWriter } from './packet-writer.js';
import type { Properties, UserProperty } from './packets.js';
import { propertyRules, rulesById, type PropertyRule } from './property-table.js';

/**
 * Reads the property block of a packet (MQTT 5.0 §2.2.2).
 * @param packetType type of the packet, or WILL_PROPERTIES
 */
export function readProperties(reader: PacketReader, packetType: number): Properties | undefined {
  const length = reader.varint();
  if (length === 0) return undefined;
  if (length > reader.remaining) {
    reader.malformed('property length beyond the packet');
    return undefined;
  }
  const packetEnd = reader.end;
  reader.end = reader.offset + length;
  const properties: Properties = {};
  while (reader.remaining > 0) readProperty(reader, packetType, properties);
  reader.end = packetEnd;
  if (reader.failure) reader.offset = packetEnd;
  return properties;
}

function readProperty(reader: PacketReader, packetType: number, properties: Properties): void {
  const id = reader.varint();
  const rule = rulesById.get(id);
  const bit = 1 << packetType;
  if (!rule || (rule.packets & bit) === 0) {
    reader.malformed(`property 0x${id.toString(16)} does not belong to this packet`);
  } else if (properties[rule.name] !== undefined && (rule.repeatable & bit) === 0) {
    reader.protocolError(`property ${rule.name} given twice`);
  } else {
    storeProperty(reader, rule, properties);
  }
}

function storeProperty(reader: PacketReader, rule: PropertyRule, properties: Properties): void {
  const value = readValue(reader, rule);
  if (reader.failure) return;
  if (typeof value === 'number' && !allowed(rule, value)) {
    const code = rule.name === 'topicAlias' ? ReasonCode.TopicAliasInvalid : ReasonCode.ProtocolError;
    reader.fail(code, `property ${rule.name} cannot be ${value}`);
  } else if (rule.name === 'userProperties') {
    (properties.userProperties ??= []).push(value as UserProperty);
  } else if (rule.name === 'subscriptionIdentifiers') {
    (properties.subscriptionIdentifiers ??= []).push(value as number);
  } else {
    (properties as Record<string, unknown>)[rule.name] = value;
  }
}

function allowed(rule: PropertyRule, value: number): boolean {
  if (rule.values === 'flag') return value <= 1;
  return rule.values === 'any' || value !== 0;
}

function readValue(reader: PacketReader, rule: PropertyRule): number | string | Buffer | UserProperty {
  switch (rule.kind) {
    case 'byte':
      return reader.byte();
    case 'uint16':
      return reader.uint16();
    case 'uint32':
      return reader.uint32();
    case 'varint':
      return reader.varint();
    case 'utf8':
      return reader.utf8();
    case 'binary':
      return reader.binary();
    case 'pair':
      return [reader.utf8(), reader.utf8()];
  }
}

const EMPTY_BLOCK = Buffer.from([0]);
const writer = new PacketWriter();

/** The property block with its length in front, in the order of the table; user properties keep theirs [MQTT-3.3.2-18]. */
export function encodeProperties(properties: Properties | undefined): Buffer {
  if (properties === undefined) return EMPTY_BLOCK;
  writer.reset();
  for (const rule of propertyRules) writeProperty(rule, properties[rule.name]);
  if (writer.length === 0) return EMPTY_BLOCK;
  const body = writer.body();
  return writer.reset().varint(body.length).bytes(body).body();
}

function writeProperty(rule: PropertyRule, value: Properties[keyof Properties]): void {
  if (value === undefined) return;
  if (Array.isArray(value)) {
    for (const each of value) writeValue(rule, each);
  } else {
    writeValue(rule, value);
  }
}

function writeValue(rule: PropertyRule, value: number | string | Buffer | UserProperty): void {
  writer.byte(rule.id);
  switch (rule.kind) {
    case 'byte':
      writer.byte(value as number);
      break;
    case 'uint16':
      writer.uint16(value as number);
      break;
    case 'uint32':
      writer.uint32(value as number);
      break;
    case 'varint':
      writer.varint(value as number);
      break;
    case 'utf8':
      writer.utf8(value as string);
      break;
    case 'binary':
      writer.binary(value as Buffer);
      break;
    case 'pair': {
      const [name, text] = value as UserProperty;
      writer.utf8(name).utf8(text);
      break;
    }
  }
}
