import { availableParallelism } from 'node:os';
import * as kinds from './kinds.js';
import type { Kind } from './kinds.js';

/** One environment variable. */
export interface Variable<T = unknown> {
  readonly name: string;
  readonly kind: Kind<T>;
  /** The text that stands in when the variable is not set. */
  readonly default?: string;
  /** What happens without a value, for the documentation of a variable that has no default. */
  readonly unset?: string;
  /** Markdown, without a final stop. */
  readonly description: string;
  /** Its value appears in no message. */
  readonly secret?: true;
}

/** A variable that always has a value. */
export type Defaulted<T> = Variable<T> & { readonly default: string };

const defaulted = <T>(variable: Defaulted<T>): Defaulted<T> => variable;
const optional = <T>(variable: Variable<T> & { readonly unset: string }): Variable<T> => variable;

/** The environment schema. `docs/configuration.md` is generated from it. */
export const variables = {
  redisUrl: optional({
    name: 'REDIS_URL',
    kind: kinds.redisUrls,
    unset: 'a private Redis (all-in-one only)',
    description:
      'one Redis (6.2 or newer, `maxmemory-policy noeviction`), the sentinels that watch it, or nodes of one cluster',
    secret: true,
  }),
  redisReplicas: defaulted({
    name: 'CARILLON_REDIS_REPLICAS',
    kind: kinds.integer(0, 10),
    default: '0',
    description:
      'so many replicas have to have a notification before it is answered with 202, so that a fail-over loses none; else 503. Not for clusters',
  }),
  dataDir: defaulted({
    name: 'CARILLON_DATA_DIR',
    kind: kinds.path,
    default: '.data',
    description: 'private Redis, certificates and first admin key; relative to the working directory',
  }),
  host: defaulted({
    name: 'CARILLON_HOST',
    kind: kinds.listenAddress,
    default: '127.0.0.1',
    description: 'where listeners bind; `0.0.0.0` for every interface',
  }),
  httpPort: defaulted({
    name: 'CARILLON_HTTP_PORT',
    kind: kinds.port,
    default: '8080',
    description: 'REST, long-poll, health, the WebSockets of MQTT and XMPP',
  }),
  httpTls: defaulted({
    name: 'CARILLON_HTTP_TLS',
    kind: kinds.oneOf('optional', 'required', 'off'),
    default: 'optional',
    description:
      'whether the HTTP port speaks HTTPS and WSS: `optional` serves both with and without TLS on the one port, `required` TLS alone',
  }),
  metricsPort: optional({
    name: 'CARILLON_METRICS_PORT',
    kind: kinds.port,
    unset: 'none',
    description:
      'a port of its own for `GET /metrics`, without a key. Without it `/metrics` is on the HTTP port, ' +
      'for peers on the loopback interface and for keys of scope `manage`',
  }),
  mqttPort: defaulted({
    name: 'CARILLON_MQTT_PORT',
    kind: kinds.port,
    default: '1883',
    description: 'MQTT over TCP',
  }),
  mqttsPort: defaulted({
    name: 'CARILLON_MQTTS_PORT',
    kind: kinds.port,
    default: '8883',
    description: 'MQTT over TLS',
  }),
  tlsCertFile: optional({
    name: 'CARILLON_TLS_CERT_FILE',
    kind: kinds.path,
    unset: 'a self-signed certificate, made in the data directory',
    description:
      'PEM, the certificate that all TLS shows, with its chain; together with `CARILLON_TLS_KEY_FILE`; read again on SIGHUP',
  }),
  tlsKeyFile: optional({
    name: 'CARILLON_TLS_KEY_FILE',
    kind: kinds.path,
    unset: 'that of the self-signed certificate',
    description: 'PEM, the private key of `CARILLON_TLS_CERT_FILE`, without a passphrase',
  }),
  tlsSniDir: optional({
    name: 'CARILLON_TLS_SNI_DIR',
    kind: kinds.path,
    unset: 'none',
    description:
      'further certificates, one in each directory below (`certificate.pem` and `key.pem`, `fullchain.pem` and `privkey.pem`, or `tls.crt` and `tls.key`), ' +
      'shown to clients that ask for a server name in them, wildcards included; read again on SIGHUP',
  }),
  tlsClientCaFile: optional({
    name: 'CARILLON_TLS_CLIENT_CA_FILE',
    kind: kinds.path,
    unset: 'clients are not asked for certificates',
    description:
      'PEM, certificate authorities for client certificates on the MQTTS and XMPPS ports and of STARTTLS; read again on SIGHUP',
  }),
  tlsClientCrlFile: optional({
    name: 'CARILLON_TLS_CLIENT_CRL_FILE',
    kind: kinds.path,
    unset: 'none',
    description:
      'PEM, revocation lists of those authorities, one of each; with an expired list no certificate is taken; read again on SIGHUP',
  }),
  tlsClientCertificates: defaulted({
    name: 'CARILLON_TLS_CLIENT_CERTIFICATES',
    kind: kinds.oneOf('request', 'require'),
    default: 'request',
    description:
      'with `CARILLON_TLS_CLIENT_CA_FILE`: whether a client may do without a certificate of its own, or gets no connection on the MQTTS and XMPPS ports then',
  }),
  tlsMinVersion: defaulted({
    name: 'CARILLON_TLS_MIN_VERSION',
    kind: kinds.oneOf('1.0', '1.1', '1.2', '1.3'),
    default: '1.2',
    description:
      'the oldest TLS that is spoken; below `1.2`, for devices that know no better, weak signatures are taken too, and a warning says so at the start',
  }),
  proxyProtocol: optional({
    name: 'CARILLON_PROXY_PROTOCOL',
    kind: kinds.listOf('mqtt', 'mqtts', 'xmpp', 'xmpps', 'http'),
    unset: 'none',
    description: 'ports on which a proxy says by PROXY protocol (version 1 or 2) who its client is',
  }),
  proxyTrusted: optional({
    name: 'CARILLON_PROXY_TRUSTED',
    kind: kinds.addressRanges,
    unset: 'every peer',
    description:
      'the proxies: on those ports they have to begin with a PROXY header, and all others are served as direct clients, whose header is not believed',
  }),
  maxConnections: defaulted({
    name: 'CARILLON_MAX_CONNECTIONS',
    kind: kinds.integer(1, 10_000_000),
    default: '1000000',
    description:
      "devices' connections of one process, over MQTT, XMPP and WebSocket together, those in their handshake included",
  }),
  maxConnectionsPerAddress: defaulted({
    name: 'CARILLON_MAX_CONNECTIONS_PER_ADDRESS',
    kind: kinds.integer(0, 10_000_000),
    default: '0',
    description: 'of these, from one address (IPv6: one /64); 0 for no bound',
  }),
  connectRatePerAddress: defaulted({
    name: 'CARILLON_CONNECT_RATE_PER_ADDRESS',
    kind: kinds.integer(0, 1_000_000),
    default: '0',
    description:
      'new connections a second from one address (IPv6: one /64), on average: ten seconds’ worth may come at once; 0 for no bound',
  }),
  handshakeTimeout: defaulted({
    name: 'CARILLON_HANDSHAKE_TIMEOUT',
    kind: kinds.integer(1, 300),
    default: '10',
    description:
      'seconds for each step before a client is known: PROXY header, TLS handshake, MQTT CONNECT, the first byte on the HTTP port; three times as long for an XMPP stream up to its resource',
  }),
  mqttAnonymous: defaulted({
    name: 'CARILLON_MQTT_ANONYMOUS',
    kind: kinds.boolean,
    default: 'false',
    description:
      'an open broker, for trusted networks and conformance runs: clients without credentials, any topic ' +
      'unless `CARILLON_MQTT_ACL_FILE` is set',
  }),
  mqttUsersFile: optional({
    name: 'CARILLON_MQTT_USERS_FILE',
    kind: kinds.path,
    unset: 'none: devices alone log in',
    description:
      'MQTT users beside the devices: lines `name:hash` as `mosquitto_passwd` writes them; read again on SIGHUP',
  }),
  mqttAclFile: optional({
    name: 'CARILLON_MQTT_ACL_FILE',
    kind: kinds.path,
    unset: 'none: users have no topics',
    description:
      'who may use which MQTT topics, in the form of mosquitto (`user`, `topic`, `pattern`); what no line grants is denied; read again on SIGHUP',
  }),
  mqttMaxKeepAlive: defaulted({
    name: 'CARILLON_MQTT_MAX_KEEPALIVE',
    kind: kinds.integer(0, 65_535),
    default: '0',
    description:
      'seconds; a client of MQTT 5.0 that wants a longer keep alive, or none, is given this one (Server Keep Alive); 0 leaves it to the client',
  }),
  mqttDeniedSubscriptionCode: defaulted({
    name: 'CARILLON_MQTT_DENIED_SUBSCRIPTION_CODE',
    kind: kinds.oneOf('0x80', '0x87'),
    default: '0x87',
    description:
      'reason code of a denied subscription in MQTT 5.0: Not authorized, or Unspecified error as some conformance suites expect',
  }),
  mqttDrainCode: defaulted({
    name: 'CARILLON_MQTT_DRAIN_CODE',
    kind: kinds.oneOf('0x8b', '0x9c', '0x9d'),
    default: '0x8b',
    description:
      'what an edge that ends tells clients of MQTT 5.0: Server shutting down, Use another server (for now) or Server moved (for good)',
  }),
  mqttServerReference: optional({
    name: 'CARILLON_MQTT_SERVER_REFERENCE',
    kind: kinds.matching(/^\S+( \S+)*$/, '`host:port`, several with blanks between'),
    unset: 'no reference',
    description:
      'where clients of MQTT 5.0 may go instead, told together with 0x9c and 0x9d (Server Reference)',
  }),
  xmppOtherHost: optional({
    name: 'CARILLON_XMPP_OTHER_HOST',
    kind: kinds.matching(/^[^\s/@]+$/, '`host` or `host:port`'),
    unset: '`<system-shutdown/>`',
    description: 'where an edge that ends sends XMPP clients over TCP (`<see-other-host/>`)',
  }),
  mqttStallTimeout: defaulted({
    name: 'CARILLON_MQTT_STALL_TIMEOUT',
    kind: kinds.integer(1, 3_600),
    default: '60',
    description:
      'seconds after which an MQTT connection is closed on which something waits to be sent and nothing could be: its client does not read',
  }),
  mqttMaxByteRate: defaulted({
    name: 'CARILLON_MQTT_MAX_BYTE_RATE',
    kind: kinds.integer(0, 999_999_999),
    default: '0',
    description:
      'bytes a second that one MQTT connection may send in the mean; a faster one is read no faster; 0 for no limit',
  }),
  mqttMaxMessageRate: defaulted({
    name: 'CARILLON_MQTT_MAX_MESSAGE_RATE',
    kind: kinds.integer(0, 1_000_000),
    default: '0',
    description:
      'packets a second, acknowledgements not counted, that one MQTT connection may send in the mean; a faster one is read no faster; 0 for no limit',
  }),
  mqttSysInterval: defaulted({
    name: 'CARILLON_MQTT_SYS_INTERVAL',
    kind: kinds.integer(0, 86_400),
    default: '10',
    description:
      'seconds between publications of `$SYS/broker/…`, which the access list has to grant; 0 for none',
  }),
  xmppPort: defaulted({
    name: 'CARILLON_XMPP_PORT',
    kind: kinds.port,
    default: '5222',
    description: 'XMPP over TCP, with STARTTLS',
  }),
  xmppsPort: defaulted({
    name: 'CARILLON_XMPPS_PORT',
    kind: kinds.port,
    default: '5223',
    description: 'XMPP over direct TLS',
  }),
  xmppDomain: defaulted({
    name: 'CARILLON_XMPP_DOMAIN',
    kind: kinds.domain,
    default: 'localhost',
    description: 'the domain of every JID; the generated certificate names it',
  }),
  xmppTls: defaulted({
    name: 'CARILLON_XMPP_TLS',
    kind: kinds.oneOf('required', 'optional', 'off'),
    default: 'required',
    description:
      'whether clients on the TCP port must use STARTTLS; `optional` and `off` allow PLAIN in the clear, with a warning at start-up',
  }),
  xmppRegistration: defaulted({
    name: 'CARILLON_XMPP_REGISTRATION',
    kind: kinds.oneOf('open', 'key', 'closed'),
    default: 'key',
    description:
      "who may register a device over XMPP (XEP-0077): anyone, who has the app's registration key (`POST /v1/registration-key`), or nobody",
  }),
  xmppRegistrationsPerHour: defaulted({
    name: 'CARILLON_XMPP_REGISTRATIONS_PER_HOUR',
    kind: kinds.integer(1, 1_000_000),
    default: '100',
    description:
      'attempts to register a device from one address (IPv6: one /64) within an hour, on all edges together',
  }),
  xmppBosh: defaulted({
    name: 'CARILLON_XMPP_BOSH',
    kind: kinds.boolean,
    default: 'true',
    description: 'XMPP over HTTP requests at `/http-bind` (BOSH, XEP-0124 and XEP-0206)',
  }),
  xmppBoshWait: defaulted({
    name: 'CARILLON_XMPP_BOSH_WAIT',
    kind: kinds.integer(1, 600),
    default: '60',
    description:
      'the longest time that a BOSH request is held, seconds; keep it below the patience of proxies',
  }),
  xmppBoshInactivity: defaulted({
    name: 'CARILLON_XMPP_BOSH_INACTIVITY',
    kind: kinds.integer(1, 3_600),
    default: '60',
    description: 'seconds without a request after which a BOSH session is over',
  }),
  xmppBoshMaxPause: defaulted({
    name: 'CARILLON_XMPP_BOSH_MAX_PAUSE',
    kind: kinds.integer(0, 3_600),
    default: '120',
    description: 'the longest pause that a BOSH client may ask for, seconds',
  }),
  xmppWebOrigins: defaulted({
    name: 'CARILLON_XMPP_WEB_ORIGINS',
    kind: kinds.origins,
    default: '*',
    description:
      'web pages whose clients may come over BOSH and XMPP WebSocket, by origin; clients that are no web pages name none and are not bound by it',
  }),
  publicUrl: optional({
    name: 'CARILLON_PUBLIC_URL',
    kind: kinds.webUrl,
    unset: 'as the request calls this server',
    description:
      'where clients reach the HTTP port from outside; `/.well-known/host-meta` names BOSH and WebSocket below it (XEP-0156)',
  }),
  androidpn: defaulted({
    name: 'CARILLON_ANDROIDPN',
    kind: kinds.boolean,
    default: 'true',
    description:
      'androidpn clients over XMPP (login by XEP-0078, its notification IQ), and its HTTP side (`/notification.do`, `/notification_api.do`, `/user_api.do`)',
  }),
  webhookNetworks: optional({
    name: 'CARILLON_WEBHOOK_NETWORKS',
    kind: kinds.networks,
    unset: 'none',
    description:
      'private networks that webhooks may be posted to, in the clear too; without it they go to public addresses over HTTPS alone',
  }),
  maxBacklog: defaulted({
    name: 'CARILLON_MAX_BACKLOG',
    kind: kinds.integer(1, 1_000_000_000),
    default: '100000',
    description: 'entries of the work streams; while there are more, new sends get 429 with `Retry-After`',
  }),
  maxRedisMemory: defaulted({
    name: 'CARILLON_MAX_REDIS_MEMORY',
    kind: kinds.integer(1, 100),
    default: '90',
    description:
      "percent of Redis' `maxmemory`; while more is taken, new sends get 503, so that what was accepted has room to go on",
  }),
  maxEventLoopDelay: defaulted({
    name: 'CARILLON_MAX_EVENT_LOOP_DELAY',
    kind: kinds.integer(10, 600_000),
    default: '2000',
    description:
      'ms; an API process whose event loop is later than that, two seconds in a row, answers sends with 503',
  }),
  campaignApproval: defaulted({
    name: 'CARILLON_CAMPAIGN_APPROVAL',
    kind: kinds.oneOf('none', 'second-key'),
    default: 'none',
    description:
      '`second-key`: a campaign is started only after another key than the one that changed it last has approved it',
  }),
  drainSeconds: defaulted({
    name: 'CARILLON_DRAIN_SECONDS',
    kind: kinds.integer(0, 20),
    default: '5',
    description: 'seconds over which an edge that is told to end sends its devices away, some at a time',
  }),
  inboxMaxEntries: defaulted({
    name: 'CARILLON_INBOX_MAX_ENTRIES',
    kind: kinds.integer(1, 100_000),
    default: '1000',
    description: 'deliveries that wait for one device at the most',
  }),
  inboxMaxBytes: defaulted({
    name: 'CARILLON_INBOX_MAX_BYTES',
    kind: kinds.integer(1_024, 2 ** 40),
    default: '4194304',
    description: 'bytes of contents that wait for one device at the most; contents up to 1 KiB do not count',
  }),
  inboxMaxAge: defaulted({
    name: 'CARILLON_INBOX_MAX_AGE',
    kind: kinds.integer(1, 2_592_000),
    default: '2592000',
    description:
      'seconds that a delivery waits at the most, whatever its `ttl`; for what is sent from then on',
  }),
  appInboxMaxEntries: defaulted({
    name: 'CARILLON_APP_INBOX_MAX_ENTRIES',
    kind: kinds.integer(1, 10 ** 12),
    default: '20000000',
    description: 'deliveries that wait for all devices of an app; each partition has an even share',
  }),
  appInboxMaxBytes: defaulted({
    name: 'CARILLON_APP_INBOX_MAX_BYTES',
    kind: kinds.integer(1_024, 2 ** 50),
    default: '8589934592',
    description: 'the same in bytes of contents above 1 KiB',
  }),
  inboxPolicy: defaulted({
    name: 'CARILLON_INBOX_POLICY',
    kind: kinds.oneOf('drop-oldest', 'refuse'),
    default: 'drop-oldest',
    description:
      'what gives way when a bound is reached: the oldest that waits for the same device, of normal priority first, or the new one. Either is a `dropped` receipt',
  }),
  deviceConnections: defaulted({
    name: 'CARILLON_DEVICE_CONNECTIONS',
    kind: kinds.oneOf('per-transport', 'single'),
    default: 'per-transport',
    description:
      'how many connections a device has at the most: one over each transport, or one altogether; a newer one ends the older',
  }),
  partitions: defaulted({
    name: 'CARILLON_PARTITIONS',
    kind: kinds.integer(1, 1024),
    default: '64',
    description: 'number of shards of device state; fixed at install',
  }),
  lanes: defaulted({
    name: 'CARILLON_LANES',
    kind: kinds.integer(1, 64),
    default: '1',
    description:
      'number of shards of the work streams (intake, fan-out tasks, device events); fixed at install',
  }),
  keyPrefix: defaulted({
    name: 'CARILLON_KEY_PREFIX',
    // Braces would move the hash tag, and so the partition.
    kind: kinds.matching(/^[A-Za-z0-9:._-]{1,64}$/, '1 to 64 letters, digits and `:` `.` `_` `-`'),
    default: 'carillon:',
    description: 'prefix of every Redis key; installations that share a Redis need different ones',
  }),
  processes: defaulted({
    name: 'CARILLON_PROCESSES',
    kind: kinds.wordOr('auto', availableParallelism, kinds.integer(1, 64)),
    default: '1',
    description: 'all-in-one only: how many processes share the listeners; `auto` is one a core',
  }),
  logLevel: defaulted({
    name: 'CARILLON_LOG_LEVEL',
    kind: kinds.oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    default: 'info',
    description: 'the least severe level that is logged',
  }),
  adminKey: optional({
    name: 'CARILLON_ADMIN_KEY',
    kind: kinds.matching(/^[\x21-\x7e]{8,256}$/, '8 to 256 printable ASCII characters without spaces'),
    unset: 'generated once, printed, kept in `admin-key` in the data directory',
    description: 'the first admin key',
    secret: true,
  }),
} as const satisfies Record<string, Variable>;
