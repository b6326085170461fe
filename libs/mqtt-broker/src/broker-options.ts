import { performance } from 'node:perf_hooks';
import type { AuthenticationMethod } from './authentication/authentication-method.js';
import type { ScramOptions } from './authentication/scram-sha-256.js';
import type { PublicationLog } from './cluster/publication-log.js';
import type { SessionStore } from './cluster/session-store.js';
import type { BrokerLogger, MqttBrokerHooks } from './hooks.js';
import type { BrokerLimits } from './limits.js';

export interface MqttBrokerOptions {
  hooks: MqttBrokerHooks;
  logger?: BrokerLogger;
  limits?: Partial<BrokerLimits>;
  /** SUBACK for a filter that `authorizeSubscribe` denies in 5.0: 0x87 Not authorized (default), or 0x80. */
  deniedSubscriptionCode?: 0x80 | 0x87;
  /** Methods of enhanced authentication, besides SCRAM-SHA-256, which is there with the hook `scramCredentials`. */
  authenticationMethods?: readonly AuthenticationMethod[];
  scram?: ScramOptions;
  /** Milliseconds between publications of `$SYS/broker/…`; 0, the default, for none. */
  sysIntervalMs?: number;
  /** What `$SYS/broker/version` says. */
  version?: string;
  /** What this broker shares with others, so that clients may connect to any of them, and what outlives all of them. */
  cluster?: { readonly sessions: SessionStore; readonly log: PublicationLog };
  /** Milliseconds that never go back; the default counts up from the epoch monotonically. */
  now?: () => number;
}

const { timeOrigin } = performance;

export const monotonicNow = (): number => timeOrigin + performance.now();
