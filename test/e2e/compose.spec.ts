import { jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { Installation, type GatewayProcess } from '../support/gateway.js';
import { RedisServer } from '../support/redis-server.js';
import { Rest } from '../support/rest.js';

/**
 * What docker-compose.yml says, without containers: each service's own command with its own environment. Only what a network of
 * its own would give is replaced: host names become loopback, and published ports free ones.
 */
interface Service {
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

const { services } = parse(readFileSync('docker-compose.yml', 'utf8')) as {
  services: Readonly<Record<string, Service>>;
};
const ADMIN_KEY = randomBytes(24).toString('hex');

interface Demo {
  readonly play: (
    gateway: { urls: Record<string, string>; adminKey: string },
    later: number,
  ) => Promise<boolean>;
}
interface DemoDevices {
  readonly trustSelfSigned: () => void;
}

let redis: RedisServer;
const installation = new Installation();
const processes: Record<string, GatewayProcess> = {};

/** `${NAME:?why}` is what whoever runs it has to set; `redis` is the service of that name. */
function environmentOf({ environment = {} }: Service): Record<string, string> {
  const given = Object.entries(environment).map(([name, value]): [string, string] => {
    if (value.startsWith('${CARILLON_ADMIN_KEY:?')) return [name, ADMIN_KEY];
    if (name === 'REDIS_URL') return [name, value.replace('redis:6379', `127.0.0.1:${redis.port}`)];
    return [name, name.endsWith('_PORT') ? '0' : value];
  });
  // The image's own, and the volume.
  return { ...Object.fromEntries(given), CARILLON_DATA_DIR: installation.dataDir, NODE_ENV: 'production' };
}

beforeAll(async () => {
  redis = await RedisServer.start(services.redis!.command);
  const others = Object.entries(services).filter(([name]) => name !== 'redis');
  await Promise.all(
    others.map(async ([name, service]) => {
      processes[name] = await installation.run(service.command, environmentOf(service));
    }),
  );
}, 40_000);

afterAll(async () => {
  await installation.end();
  await redis.end();
});

/** Listeners are bound to every address; a device on this machine takes loopback. */
const loopback = (url: string) => url.replace('0.0.0.0', '127.0.0.1');

it('runs the services apart, each listening on every address', () => {
  expect(Object.keys(processes).sort()).toEqual(['api', 'edge', 'worker']);
  expect(new Set(Object.values(processes).map(({ pid }) => pid)).size).toBe(3);
  const { edge } = processes;
  for (const listener of ['MQTT', 'MQTT TLS', 'XMPP', 'XMPP TLS'])
    expect(edge!.url(listener)).toContain('0.0.0.0');
});

it('is alive and ready as the health check asks', async () => {
  for (const [name, service] of Object.entries(processes)) {
    for (const check of ['live', 'ready']) {
      const answer = await fetch(`${loopback(service.url('HTTP'))}/health/${check}`);
      expect([name, check, answer.status]).toEqual([name, check, 200]);
    }
  }
});

it('plays the demonstration: by user, group and area, for later, and to a device that is off at first', async () => {
  const { trustSelfSigned } = (await import(`../demo/${'demo-devices'}.mjs`)) as DemoDevices;
  const { play } = (await import(`../demo/${'demo'}.mjs`)) as Demo;
  trustSelfSigned();
  const { api, edge } = processes as Record<'api' | 'edge', GatewayProcess>;
  const urls = {
    HTTP: loopback(api.url('HTTP')),
    EDGE_HTTP: loopback(edge.url('HTTP')),
    MQTT: loopback(edge.url('MQTT')),
    XMPP: loopback(edge.url('XMPP')),
  };
  const table = jest.spyOn(console, 'log').mockImplementation(() => undefined);
  const asExpected = await play({ urls, adminKey: ADMIN_KEY }, 2);
  const printed = table.mock.calls.map(([line]: unknown[]) => String(line));
  table.mockRestore();
  expect({ asExpected, printed }).toEqual({ asExpected: true, printed });
  expect(printed.filter((line) => line.startsWith('✓'))).toHaveLength(9);
}, 40_000);

it('ends each by itself', async () => {
  const rest = new Rest(loopback(processes.api!.url('HTTP')), ADMIN_KEY);
  expect((await rest.get('/v1/devices')).status).toBe(200);
  for (const name of ['edge', 'worker', 'api'])
    expect([name, await processes[name]!.end('SIGTERM')]).toEqual([name, true]);
}, 40_000);
