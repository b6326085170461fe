import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@carillon/config';
import { parse } from 'yaml';

interface Service {
  command: string[];
  environment?: Record<string, string>;
}

const { services } = parse(readFileSync('docker-compose.yml', 'utf8')) as {
  services: Record<string, Service>;
};
const processes = Object.entries(services).filter(([name]) => name !== 'redis');

describe('docker-compose.yml', () => {
  const empty = mkdtempSync(join(tmpdir(), 'carillon-compose-'));

  afterAll(() => rmSync(empty, { recursive: true }));

  const configOf = ({ environment = {} }: Service) =>
    loadConfig(
      { ...environment, ...(environment.CARILLON_ADMIN_KEY && { CARILLON_ADMIN_KEY: 'a-key-of-mine' }) },
      empty,
    );

  it('runs the processes apart', () => {
    expect(processes.map(([, { command }]) => command)).toEqual(
      ['api', 'worker', 'edge'].map((app) => ['node', `dist/apps/${app}/src/main.js`]),
    );
  });

  it.each(processes)(
    'configures %s without a fault, on the one Redis and on every interface',
    (_, service) => {
      expect(configOf(service)).toMatchObject({ redisUrl: ['redis://redis:6379'], host: '0.0.0.0' });
    },
  );

  it('gives each a port of its own, for the commands to run side by side', () => {
    const ports = processes.map(([, service]) => configOf(service).http.port);
    expect(new Set(ports).size).toBe(processes.length);
  });

  it('has a Redis that keeps what it is given', () => {
    expect(services.redis!.command.join(' ')).toMatch(/--appendonly yes.*--maxmemory-policy noeviction/);
  });
});
