import { randomBytes } from 'node:crypto';
import type { ConnectPacket } from '../codec/packets.js';

/** An identifier for a client that left it to the server [MQTT-3.1.3-6]; nobody can guess it. */
export function assignClientId(): string {
  return `auto-${randomBytes(12).toString('hex')}`;
}

/**
 * What is wrong with a client identifier. 3.1 wants 1 to 23 characters; longer ones are taken there too, as the
 * later versions allow (COMPAT). An empty one is for a clean session alone (3.1.1 [MQTT-3.1.3-7]).
 */
export function identifierFault(packet: ConnectPacket, maxLength: number): string | undefined {
  const { clientId, protocolVersion, clean } = packet;
  if (clientId.length > maxLength) return 'client identifier too long';
  if (clientId.length > 0 || protocolVersion === 5) return undefined;
  if (protocolVersion === 3) return 'empty client identifier';
  return clean ? undefined : 'empty client identifier for a persistent session'; // 3.1.1 [MQTT-3.1.3-8]
}
