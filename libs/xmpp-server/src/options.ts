import { randomBytes } from 'node:crypto';
import type { SecureContext } from 'node:tls';
import { type BoshLimits, DEFAULT_BOSH_LIMITS } from './bosh/bosh-limits.js';
import type { AccountStore } from './account/account-store.js';
import type { XmppServerHooks } from './hooks.js';
import type { StreamManagementStore } from './session/stream-management-store.js';

/** Narrow logger; pino fits. */
export interface XmppLogger {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Bounds of what one peer can make the server hold or do. */
export interface XmppLimits {
  /** Bytes of one stanza after log-in. RFC 6120 §13.12 asks for at least 10,000. */
  stanzaBytes: number;
  /** Bytes of one element before log-in. */
  handshakeStanzaBytes: number;
  /** Elements before a resource is bound. */
  handshakeElements: number;
  depth: number;
  attributes: number;
  /** From the connection to a bound resource. */
  handshakeTimeoutMs: number;
  /** Without input for so long, the server asks whether the client is there. */
  idleTimeoutMs: number;
  /** Without input for so long after that question, the connection ends. */
  pingTimeoutMs: number;
  /** From the end of our stream to the end of the connection, at most. */
  closeTimeoutMs: number;
  saslAttempts: number;
  registrationAttempts: number;
  /** Deliveries written to a session and not yet acknowledged. */
  unacknowledged: number;
  /** Bytes waiting for a slow reader: above it nothing new is taken for it, nor read from it. */
  outputBytes: number;
  /** Input of one connection in bytes per second, on average; a faster one is read more slowly. `Infinity` for no bound. */
  bytesPerSecond: number;
  /** How long a detached session waits to be resumed. */
  resumeTimeoutMs: number;
  detachedSessions: number;
  resourcesPerAccount: number;
  connections: number;
  /** How often timeouts are looked for. */
  sweepIntervalMs: number;
  bosh: BoshLimits;
}

export const DEFAULT_LIMITS: XmppLimits = {
  stanzaBytes: 65_536,
  handshakeStanzaBytes: 10_000,
  handshakeElements: 50,
  depth: 64,
  attributes: 64,
  handshakeTimeoutMs: 30_000,
  idleTimeoutMs: 300_000,
  pingTimeoutMs: 60_000,
  closeTimeoutMs: 5_000,
  // A client may have to fail with four mechanisms until it comes to one that it can.
  saslAttempts: 5,
  registrationAttempts: 3,
  unacknowledged: 128,
  outputBytes: 1_048_576,
  bytesPerSecond: 1_048_576,
  resumeTimeoutMs: 300_000,
  detachedSessions: 10_000,
  resourcesPerAccount: 10,
  connections: 200_000,
  sweepIntervalMs: 1_000,
  bosh: DEFAULT_BOSH_LIMITS,
};

/** The sender of pushes, shown to devices as a contact that sees their presence. */
export interface Contact {
  /** Localpart within the server's domain. */
  local: string;
  name: string;
}

export interface XmppServerOptions {
  domain: string;
  /** `required`: nothing but STARTTLS before encryption. `optional` and `off` allow PLAIN in the clear. */
  tls: 'required' | 'optional' | 'off';
  /** For STARTTLS; a function is asked on each upgrade, so that certificates can be renewed. */
  secureContext?: SecureContext | (() => SecureContext);
  hooks: XmppServerHooks;
  logger?: XmppLogger;
  /** Where sessions are kept for other servers to resume (XEP-0198 §5). The cookies of deliveries have to be JSON then. */
  streams?: StreamManagementStore;
  /** What clients keep with their accounts (XEP-0049, 0163, 0191, 0357). Without it they can keep nothing, and none of these is announced. */
  accountStore?: AccountStore;
  /** Messages to accounts that are away are kept for them by the owner, who brings them as deliveries (XEP-0160). Default false. */
  keepsOfflineMessages?: boolean;
  limits?: Partial<Omit<XmppLimits, 'bosh'>> & { bosh?: Partial<BoshLimits> };
  /** In-band registration (XEP-0077): by anyone, with the app's registration key, or not at all. Default `closed`. */
  registration?: 'open' | 'key' | 'closed';
  /** The app that a session belongs to. Default `app`. */
  contact?: Contact | ((principal: unknown) => Contact);
  /** XEP-0078 log-in and androidpn's own IQs. Such clients may address the server by any host name. */
  androidpn?: boolean;
  /** What limits by address go by, where one peer has many addresses. Default: the address. */
  addressBlock?: (address: string) => string;
  /** Answers XEP-0092. */
  software?: { name: string; version: string };
  /** Makes SCRAM answer alike for users that exist and users that do not; give all edges the same secret. */
  scram?: { decoySecret?: Buffer; decoyIterations?: (username: string) => number };
}

export type ResolvedOptions = Required<
  Omit<
    XmppServerOptions,
    'logger' | 'secureContext' | 'limits' | 'scram' | 'contact' | 'streams' | 'accountStore'
  >
> & {
  logger: XmppLogger;
  limits: XmppLimits;
  accountStore: AccountStore | undefined;
  secureContext: (() => SecureContext) | undefined;
  scram: { decoySecret: Buffer; decoyIterations: (username: string) => number };
  contactOf: (principal: unknown) => Contact;
};

const silent: XmppLogger = { debug: () => {}, warn: () => {}, error: () => {} };

export function resolveOptions(options: XmppServerOptions): ResolvedOptions {
  const { secureContext, contact = { local: 'app', name: 'App' } } = options;
  return {
    domain: options.domain.toLowerCase(),
    tls: options.tls,
    hooks: options.hooks,
    registration: options.hooks.register ? (options.registration ?? 'closed') : 'closed',
    androidpn: options.androidpn ?? false,
    accountStore: options.accountStore,
    keepsOfflineMessages: options.keepsOfflineMessages ?? false,
    addressBlock: options.addressBlock ?? ((address) => address),
    software: options.software ?? { name: 'Carillon', version: '0' },
    logger: options.logger ?? silent,
    limits: {
      ...DEFAULT_LIMITS,
      ...options.limits,
      bosh: { ...DEFAULT_BOSH_LIMITS, ...options.limits?.bosh },
    },
    secureContext: typeof secureContext === 'object' ? () => secureContext : secureContext,
    scram: {
      decoySecret: options.scram?.decoySecret ?? randomBytes(32),
      decoyIterations: options.scram?.decoyIterations ?? (() => 4096),
    },
    contactOf: typeof contact === 'function' ? contact : () => contact,
  };
}
