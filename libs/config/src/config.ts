import { resolve } from 'node:path';
import { ConfigError } from './config-error.js';
import type { ConfigFault } from './config-error.js';
import { readSettings } from './environment.js';
import type { Environment, Setting } from './environment.js';
import type { AddressRange } from './kinds.js';
import { unknownVariables } from './unknown-variables.js';
import { variables } from './variables.js';
import type { Defaulted, Variable } from './variables.js';

type Variables = typeof variables;
type Value<V> = V extends Defaulted<infer T> ? T : V extends Variable<infer T> ? T | undefined : never;
type Values = { -readonly [K in keyof Variables]: Value<Variables[K]> };

export type XmppTls = Values['xmppTls'];
export type XmppRegistration = Values['xmppRegistration'];
export type LogLevel = Values['logLevel'];

export type HttpTls = Values['httpTls'];
export type ProxiedListener = NonNullable<Values['proxyProtocol']>[number];

/** Where certificates are, and what is made of them; paths are absolute. */
export interface TlsFiles {
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly sniDir?: string;
  readonly clientCaFile?: string;
  readonly clientCrlFile?: string;
  readonly clientCertificates: Values['tlsClientCertificates'];
  readonly minVersion: Values['tlsMinVersion'];
}

/** What an installation is told from outside. Ports: 0 picks a free one. */
export interface Config {
  /** One Redis, its sentinels, or several nodes of a cluster; undefined: none was named. */
  readonly redisUrl?: readonly string[];
  /** That have to have a notification before it counts as accepted. */
  readonly redisReplicas: number;
  /** Absolute. */
  readonly dataDir: string;
  readonly host: string;
  readonly http: { readonly port: number; readonly tls: HttpTls };
  readonly tls: TlsFiles;
  readonly proxyProtocol: {
    readonly listeners: readonly ProxiedListener[];
    /** Undefined: every peer is a proxy. */
    readonly trusted?: readonly AddressRange[];
  };
  readonly connections: {
    readonly max: number;
    /** 0: no bound. */
    readonly maxPerAddress: number;
    /** A second; 0: no bound. */
    readonly ratePerAddress: number;
    readonly handshakeTimeoutMs: number;
  };
  /** Without a port `/metrics` is on the HTTP port, guarded. */
  readonly metrics: { readonly port?: number };
  readonly mqtt: {
    readonly port: number;
    readonly tlsPort: number;
    readonly anonymous: boolean;
    /** Absolute. */
    readonly usersFile?: string;
    /** Absolute. */
    readonly aclFile?: string;
    /** Seconds; 0: as the client wants. */
    readonly maxKeepAlive: number;
    readonly deniedSubscriptionCode: 0x80 | 0x87;
    readonly drainCode: 0x8b | 0x9c | 0x9d;
    readonly serverReference?: string;
    readonly stallTimeoutMs: number;
    /** Bytes a second of one connection; 0: no limit. */
    readonly maxByteRate: number;
    /** Packets a second of one connection; 0: no limit. */
    readonly maxMessageRate: number;
    /** Seconds between publications of `$SYS` topics; 0: none. */
    readonly sysInterval: number;
  };
  readonly xmpp: {
    readonly port: number;
    readonly tlsPort: number;
    readonly domain: string;
    readonly tls: XmppTls;
    /** Where clients are told to go when an edge ends. */
    readonly otherHost?: string;
    readonly registration: XmppRegistration;
    /** By address. */
    readonly registrationsPerHour: number;
    readonly bosh: {
      readonly enabled: boolean;
      /** Seconds. */
      readonly wait: number;
      readonly inactivity: number;
      readonly maxPause: number;
    };
    /** Of web pages whose clients may come; `*` for all. */
    readonly webOrigins: readonly string[];
  };
  /** Without a slash at its end; undefined: as requests call this server. */
  readonly publicUrl?: string;
  readonly androidpn: boolean;
  readonly deviceConnections: 'per-transport' | 'single';
  /** Beyond, new sends are refused. */
  readonly admission: {
    /** Share of Redis' memory bound, 0 to 1. */
    readonly memory: number;
    readonly backlog: number;
    readonly delayMs: number;
  };
  readonly campaignApproval: 'none' | 'second-key';
  readonly drainMs: number;
  readonly inbox: {
    readonly maxEntries: number;
    readonly maxBytes: number;
    /** ms */
    readonly maxAge: number;
    readonly maxAppEntries: number;
    readonly maxAppBytes: number;
    readonly policy: 'drop-oldest' | 'refuse';
  };
  readonly partitions: number;
  readonly lanes: number;
  readonly keyPrefix: string;
  readonly processes: number;
  readonly logLevel: LogLevel;
  readonly adminKey?: string;
  /** Private networks (CIDR) that webhooks may be posted to. */
  readonly webhookNetworks: readonly string[];
}

/** Reads the environment and the `.env` file of `cwd`. Throws a ConfigError that lists every fault. */
export function loadConfig(env: Environment = process.env, cwd: string = process.cwd()): Config {
  const settings = readSettings(env, cwd);
  const known: Variable[] = Object.values(variables);
  const faults = [
    ...known.flatMap((variable) => faultOf(variable, settings.get(variable.name)) ?? []),
    ...unknownVariables(
      settings,
      known.map(({ name }) => name),
    ),
  ];
  if (faults.length > 0) throw new ConfigError(faults);
  return grouped(valuesOf(settings), cwd);
}

function faultOf({ name, kind, secret }: Variable, setting: Setting | undefined): ConfigFault | undefined {
  if (setting === undefined || kind.parse(setting.text) !== undefined) return undefined;
  const given = secret ? '(hidden)' : JSON.stringify(setting.text);
  return { name, given, allowed: `must be ${kind.allowed}`, source: setting.source };
}

function valuesOf(settings: ReadonlyMap<string, Setting>): Values {
  const entries = Object.entries<Variable>(variables).map(([key, variable]) => {
    const text = settings.get(variable.name)?.text ?? variable.default;
    return [key, text === undefined ? undefined : variable.kind.parse(text)];
  });
  return Object.fromEntries(entries) as Values;
}

function grouped(values: Values, cwd: string): Config {
  const { redisUrl, host, androidpn, partitions, lanes, keyPrefix, processes, logLevel, adminKey } = values;
  return {
    redisUrl,
    redisReplicas: values.redisReplicas,
    dataDir: resolve(cwd, values.dataDir),
    host,
    http: { port: values.httpPort, tls: values.httpTls },
    tls: tlsFiles(values, cwd),
    proxyProtocol: { listeners: values.proxyProtocol ?? [], trusted: values.proxyTrusted },
    connections: {
      max: values.maxConnections,
      maxPerAddress: values.maxConnectionsPerAddress,
      ratePerAddress: values.connectRatePerAddress,
      handshakeTimeoutMs: values.handshakeTimeout * 1000,
    },
    metrics: { port: values.metricsPort },
    mqtt: mqttSettings(values, cwd),
    xmpp: xmppSettings(values),
    publicUrl: values.publicUrl,
    androidpn,
    deviceConnections: values.deviceConnections,
    admission: admissionLimits(values),
    campaignApproval: values.campaignApproval,
    drainMs: values.drainSeconds * 1_000,
    inbox: inboxBounds(values),
    partitions,
    lanes,
    keyPrefix,
    processes,
    logLevel,
    adminKey,
    webhookNetworks: values.webhookNetworks ?? [],
  };
}

const xmppSettings = (values: Values): Config['xmpp'] => ({
  port: values.xmppPort,
  tlsPort: values.xmppsPort,
  domain: values.xmppDomain,
  tls: values.xmppTls,
  otherHost: values.xmppOtherHost,
  registration: values.xmppRegistration,
  registrationsPerHour: values.xmppRegistrationsPerHour,
  bosh: {
    enabled: values.xmppBosh,
    wait: values.xmppBoshWait,
    inactivity: values.xmppBoshInactivity,
    maxPause: values.xmppBoshMaxPause,
  },
  webOrigins: values.xmppWebOrigins,
});

function tlsFiles(values: Values, cwd: string): TlsFiles {
  const absolute = (path: string | undefined): string | undefined => path && resolve(cwd, path);
  return {
    certFile: absolute(values.tlsCertFile),
    keyFile: absolute(values.tlsKeyFile),
    sniDir: absolute(values.tlsSniDir),
    clientCaFile: absolute(values.tlsClientCaFile),
    clientCrlFile: absolute(values.tlsClientCrlFile),
    clientCertificates: values.tlsClientCertificates,
    minVersion: values.tlsMinVersion,
  };
}

const mqttSettings = (values: Values, cwd: string): Config['mqtt'] => ({
  port: values.mqttPort,
  tlsPort: values.mqttsPort,
  anonymous: values.mqttAnonymous,
  usersFile: values.mqttUsersFile && resolve(cwd, values.mqttUsersFile),
  aclFile: values.mqttAclFile && resolve(cwd, values.mqttAclFile),
  maxKeepAlive: values.mqttMaxKeepAlive,
  deniedSubscriptionCode: values.mqttDeniedSubscriptionCode === '0x80' ? 0x80 : 0x87,
  drainCode: Number(values.mqttDrainCode) as 0x8b | 0x9c | 0x9d,
  serverReference: values.mqttServerReference,
  stallTimeoutMs: values.mqttStallTimeout * 1000,
  maxByteRate: values.mqttMaxByteRate,
  maxMessageRate: values.mqttMaxMessageRate,
  sysInterval: values.mqttSysInterval,
});

const inboxBounds = (values: Values): Config['inbox'] => ({
  maxEntries: values.inboxMaxEntries,
  maxBytes: values.inboxMaxBytes,
  maxAge: values.inboxMaxAge * 1_000,
  maxAppEntries: values.appInboxMaxEntries,
  maxAppBytes: values.appInboxMaxBytes,
  policy: values.inboxPolicy,
});

const admissionLimits = (values: Values): Config['admission'] => ({
  memory: values.maxRedisMemory / 100,
  backlog: values.maxBacklog,
  delayMs: values.maxEventLoopDelay,
});
