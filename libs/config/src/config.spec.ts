import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig, StartupError } from './index.js';

describe('loadConfig', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'carillon-config-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  const load = (env: Record<string, string>) => loadConfig(env, directory);

  const refusal = (env: Record<string, string>): ConfigError => {
    try {
      load(env);
    } catch (error) {
      if (error instanceof ConfigError) return error;
      throw error;
    }
    throw new Error('the configuration was accepted');
  };

  it('needs nothing set', () => {
    expect(load({})).toEqual({
      redisUrl: undefined,
      redisReplicas: 0,
      dataDir: join(directory, '.data'),
      host: '127.0.0.1',
      http: { port: 8080, tls: 'optional' },
      tls: { clientCertificates: 'request', minVersion: '1.2' },
      proxyProtocol: { listeners: [], trusted: undefined },
      connections: { max: 1_000_000, maxPerAddress: 0, ratePerAddress: 0, handshakeTimeoutMs: 10_000 },
      metrics: { port: undefined },
      mqtt: {
        port: 1883,
        tlsPort: 8883,
        anonymous: false,
        maxKeepAlive: 0,
        deniedSubscriptionCode: 0x87,
        drainCode: 0x8b,
        stallTimeoutMs: 60_000,
        maxByteRate: 0,
        maxMessageRate: 0,
        sysInterval: 10,
      },
      xmpp: {
        port: 5222,
        tlsPort: 5223,
        domain: 'localhost',
        tls: 'required',
        registration: 'key',
        registrationsPerHour: 100,
        bosh: { enabled: true, wait: 60, inactivity: 60, maxPause: 120 },
        webOrigins: ['*'],
      },
      publicUrl: undefined,
      androidpn: true,
      deviceConnections: 'per-transport',
      admission: { memory: 0.9, backlog: 100_000, delayMs: 2_000 },
      campaignApproval: 'none',
      drainMs: 5_000,
      inbox: {
        maxEntries: 1_000,
        maxBytes: 4_194_304,
        maxAge: 2_592_000_000,
        maxAppEntries: 20_000_000,
        maxAppBytes: 8_589_934_592,
        policy: 'drop-oldest',
      },
      partitions: 64,
      lanes: 1,
      keyPrefix: 'carillon:',
      processes: 1,
      logLevel: 'info',
      webhookNetworks: [],
      adminKey: undefined,
    });
  });

  it('reads every group', () => {
    const config = load({
      REDIS_URL: 'redis://:secret@10.0.0.1:7000, rediss://10.0.0.2:7001',
      CARILLON_DATA_DIR: '/var/lib/carillon',
      CARILLON_HOST: '::',
      CARILLON_HTTP_PORT: '0',
      CARILLON_METRICS_PORT: '9100',
      CARILLON_MQTT_ANONYMOUS: 'true',
      CARILLON_MQTT_USERS_FILE: 'mqtt/users',
      CARILLON_MQTT_ACL_FILE: '/etc/carillon/acl',
      CARILLON_MQTT_MAX_KEEPALIVE: '60',
      CARILLON_MQTT_DENIED_SUBSCRIPTION_CODE: '0x80',
      CARILLON_MQTT_SYS_INTERVAL: '0',
      CARILLON_MQTT_MAX_BYTE_RATE: '65536',
      CARILLON_MQTT_MAX_MESSAGE_RATE: '100',
      CARILLON_HTTP_TLS: 'required',
      CARILLON_TLS_CERT_FILE: 'tls/cert.pem',
      CARILLON_TLS_KEY_FILE: '/etc/tls/key.pem',
      CARILLON_TLS_CLIENT_CERTIFICATES: 'require',
      CARILLON_PROXY_PROTOCOL: 'http, mqtts',
      CARILLON_PROXY_TRUSTED: '10.0.0.0/8, ::1',
      CARILLON_MAX_CONNECTIONS_PER_ADDRESS: '100',
      CARILLON_HANDSHAKE_TIMEOUT: '5',
      CARILLON_XMPP_DOMAIN: 'Push.Example.com',
      CARILLON_XMPP_TLS: 'off',
      CARILLON_MQTT_DRAIN_CODE: '0x9c',
      CARILLON_MQTT_SERVER_REFERENCE: 'b.example:1883 c.example:1883',
      CARILLON_XMPP_OTHER_HOST: 'b.example:5222',
      CARILLON_XMPP_BOSH: 'false',
      CARILLON_XMPP_BOSH_WAIT: '30',
      CARILLON_XMPP_WEB_ORIGINS: 'https://a.example, http://localhost:8000',
      CARILLON_PUBLIC_URL: 'https://push.example.com/gateway/',
      CARILLON_ADMIN_KEY: 'an-admin-key',
    });
    expect(config).toMatchObject({
      redisUrl: ['redis://:secret@10.0.0.1:7000', 'rediss://10.0.0.2:7001'],
      dataDir: '/var/lib/carillon',
      host: '::',
      http: { port: 0, tls: 'required' },
      tls: {
        certFile: join(directory, 'tls/cert.pem'),
        keyFile: '/etc/tls/key.pem',
        clientCertificates: 'require',
      },
      proxyProtocol: {
        listeners: ['mqtts', 'http'],
        trusted: [
          { address: '10.0.0.0', prefix: 8, family: 'ipv4' },
          { address: '::1', prefix: 128, family: 'ipv6' },
        ],
      },
      connections: { maxPerAddress: 100, handshakeTimeoutMs: 5_000 },
      metrics: { port: 9100 },
      mqtt: {
        anonymous: true,
        usersFile: join(directory, 'mqtt/users'),
        aclFile: '/etc/carillon/acl',
        maxKeepAlive: 60,
        deniedSubscriptionCode: 0x80,
        drainCode: 0x9c,
        serverReference: 'b.example:1883 c.example:1883',
        maxByteRate: 65536,
        maxMessageRate: 100,
        sysInterval: 0,
      },
      xmpp: {
        domain: 'push.example.com',
        tls: 'off',
        otherHost: 'b.example:5222',
        bosh: { enabled: false, wait: 30 },
        webOrigins: ['https://a.example', 'http://localhost:8000'],
      },
      publicUrl: 'https://push.example.com/gateway',
      adminKey: 'an-admin-key',
    });
  });

  it('takes auto as one process a core', () => {
    expect(load({ CARILLON_PROCESSES: 'auto' }).processes).toBe(availableParallelism());
  });

  it('takes the sentinels of one master', () => {
    const urls = ['redis-sentinel://:secret@a:26379/carillon/2', 'redis-sentinel://:secret@b/carillon/2'];
    expect(load({ REDIS_URL: urls.join(',') }).redisUrl).toEqual(urls);
  });

  it('counts an empty variable as not set', () => {
    expect(load({ CARILLON_HTTP_PORT: '', REDIS_URL: ' ' })).toMatchObject({
      http: { port: 8080 },
      redisUrl: undefined,
    });
  });

  it('reads .env, over which the environment wins', () => {
    writeFileSync(join(directory, '.env'), '# mine\nCARILLON_HTTP_PORT=9000\nCARILLON_LANES="4"\nOTHER=1\n');
    expect(load({ CARILLON_HTTP_PORT: '9001' })).toMatchObject({ http: { port: 9001 }, lanes: 4 });
  });

  it('says when .env cannot be read', () => {
    mkdirSync(join(directory, '.env'));
    expect(() => load({})).toThrow(StartupError);
  });

  it('lists every fault with what was given and what is allowed', () => {
    writeFileSync(join(directory, '.env'), 'CARILLON_LANES=65\n');
    const error = refusal({ CARILLON_HTTP_PORT: '65536', CARILLON_XMPP_TLS: 'maybe' });
    expect(error.message.split('\n')).toEqual([
      'the configuration cannot be used: correct these variables',
      '  CARILLON_HTTP_PORT="65536": must be a port, 0 to 65535 (0 picks a free one)',
      '  CARILLON_XMPP_TLS="maybe": must be `required`, `optional` or `off`',
      '  CARILLON_LANES="65" (in .env): must be an integer from 1 to 64',
    ]);
  });

  it.each([
    ['REDIS_URL', 'localhost:6379'],
    ['CARILLON_PROXY_PROTOCOL', 'mqtt,mqtt'],
    ['CARILLON_PROXY_PROTOCOL', 'mqtt,'],
    ['CARILLON_PROXY_PROTOCOL', 'on'],
    ['CARILLON_PROXY_TRUSTED', '10.0.0.0/33'],
    ['CARILLON_PROXY_TRUSTED', '10.0.0.0/8/8'],
    ['CARILLON_PROXY_TRUSTED', 'localhost'],
    ['CARILLON_PROXY_TRUSTED', 'fe80::1%eth0'],
    ['REDIS_URL', 'http://localhost'],
    ['REDIS_URL', 'redis://a,redis://b/1'],
    ['REDIS_URL', 'redis-sentinel://a:26379'],
    ['REDIS_URL', 'redis-sentinel://a/one,redis-sentinel://b/another'],
    ['REDIS_URL', 'redis-sentinel://a/one,redis://b'],
    ['CARILLON_HOST', 'not a host'],
    ['CARILLON_HTTP_PORT', '-1'],
    ['CARILLON_HTTP_PORT', '80.5'],
    ['CARILLON_MQTT_ANONYMOUS', 'yes'],
    ['CARILLON_XMPP_DOMAIN', 'a..b'],
    ['CARILLON_XMPP_BOSH_WAIT', '0'],
    ['CARILLON_XMPP_WEB_ORIGINS', 'https://a.example/'],
    ['CARILLON_XMPP_WEB_ORIGINS', '*, https://a.example'],
    ['CARILLON_PUBLIC_URL', 'wss://push.example.com'],
    ['CARILLON_PUBLIC_URL', 'https://push.example.com/?a=1'],
    ['CARILLON_PARTITIONS', '0'],
    ['CARILLON_KEY_PREFIX', 'a{b}'],
    ['CARILLON_PROCESSES', 'many'],
    ['CARILLON_LOG_LEVEL', 'verbose'],
    ['CARILLON_ADMIN_KEY', 'short'],
  ])('refuses %s=%s', (name, text) => {
    expect(refusal({ [name]: text }).faults).toMatchObject([{ name, source: 'environment' }]);
  });

  it.each(['REDIS_URL', 'CARILLON_ADMIN_KEY'])('never shows the value of %s', (name) => {
    expect(refusal({ [name]: 'pass word' }).message).toContain(`${name}=(hidden)`);
  });

  it('names the variable that an unknown one is nearest to', () => {
    expect(refusal({ CARILLON_HTP_PORT: '1' }).message).toContain('did you mean CARILLON_HTTP_PORT?');
  });

  it('overlooks the variables by which Kubernetes links services', () => {
    const links = {
      CARILLON_SERVICE_HOST: '10.0.0.1',
      CARILLON_SERVICE_PORT_HTTP: '80',
      CARILLON_PORT: 'tcp://10.0.0.1:80',
      CARILLON_API_PORT_80_TCP_ADDR: '10.0.0.1',
    };
    expect(() => load(links)).not.toThrow();
  });
});
