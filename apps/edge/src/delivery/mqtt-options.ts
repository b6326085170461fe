import type { Config } from '@carillon/config';
import type { MqttUserDirectory } from '@carillon/domain';
import { type ProcessContext, softwareVersion } from '@carillon/process';
import type { MqttTransportOptions } from '@carillon/transports';
import { scramDecoys } from './scram-decoys.js';

/** The MQTT broker of this edge, as the configuration wants it. */
export function mqttOptions(process: ProcessContext, users: MqttUserDirectory): MqttTransportOptions {
  const { mqtt, connections } = process.config;
  return {
    anonymous: mqtt.anonymous,
    users,
    farewell: farewellOf(mqtt),
    broker: {
      logger: engineLogger(process),
      limits: {
        maxConnections: connections.max,
        connectTimeoutMs: connections.handshakeTimeoutMs,
        maxKeepAlive: mqtt.maxKeepAlive,
        stallTimeoutMs: mqtt.stallTimeoutMs,
        maxBytesPerSecond: mqtt.maxByteRate,
        maxMessagesPerSecond: mqtt.maxMessageRate,
      },
      deniedSubscriptionCode: mqtt.deniedSubscriptionCode,
      sysIntervalMs: mqtt.sysInterval * 1000,
      version: `carillon version ${softwareVersion()}`,
      scram: scramDecoys(process),
    },
  };
}

const FAREWELLS = { 0x8b: 'shutting-down', 0x9c: 'use-another-server', 0x9d: 'server-moved' } as const;

function farewellOf({ drainCode, serverReference }: Config['mqtt']): MqttTransportOptions['farewell'] {
  const reason = FAREWELLS[drainCode];
  // 0x8B has no Server Reference (MQTT 5.0 §3.14.2.2.5).
  return reason === 'shutting-down' ? { reason } : { reason, serverReference };
}

/** pino takes the fields first, the broker gives them last. */
function engineLogger({ logger }: ProcessContext) {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, context: Record<string, unknown> = {}): void =>
      logger[level](context, message);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
