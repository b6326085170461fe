import type { CommandResult, RunCommand } from './command.js';
import { locateRedisServer } from './redis-binary.js';
import { RedisUnavailableError } from './redis-unavailable-error.js';

/** A machine whose programs are those of the table; each call may change the table. */
function machine(programs: Record<string, (args: readonly string[]) => Partial<CommandResult> | undefined>) {
  const calls: string[] = [];
  const lines: string[] = [];
  const run: RunCommand = async (program, args) => {
    const name = program === 'env' ? args[1]! : program;
    const rest = program === 'env' ? args.slice(2) : args;
    const result = programs[name]?.(rest);
    if (result) calls.push([program, ...args].join(' '));
    return { ok: result !== undefined, output: '', ...result };
  };
  return {
    calls,
    lines,
    locate: (root = true) => locateRedisServer({ run, root, log: (line) => lines.push(line) }),
  };
}

const redis = (version: string) => () => ({
  output: `Redis server v=${version} sha=00000000:0 malloc=jemalloc bits=64`,
});

describe('locateRedisServer', () => {
  it('takes the one in PATH', async () => {
    const { locate, lines } = machine({ 'redis-server': redis('7.0.15') });
    expect(await locate()).toEqual({ path: 'redis-server', installed: false });
    expect(lines).toEqual([]);
  });

  it('takes a newer one elsewhere before an old one in PATH', async () => {
    const { locate } = machine({
      'redis-server': redis('6.0.16'),
      '/usr/local/bin/redis-server': redis('8.2.1'),
    });
    expect(await locate()).toMatchObject({ path: '/usr/local/bin/redis-server' });
  });

  it('takes Valkey', async () => {
    const { locate } = machine({ 'valkey-server': () => ({ output: 'Valkey server v=8.0.1 sha=0' }) });
    expect(await locate()).toMatchObject({ path: 'valkey-server' });
  });

  it('installs nothing beside one that is too old', async () => {
    const { locate, calls } = machine({ 'redis-server': redis('5.0.7'), 'apt-get': () => ({}) });
    await expect(locate()).rejects.toThrow(
      'redis-server is version 5.0.7: install Redis 6.2 or newer, or set REDIS_URL to a Redis elsewhere',
    );
    expect(calls).toEqual(['redis-server --version']);
  });

  it('says so when it installs one as root', async () => {
    const programs: Parameters<typeof machine>[0] = {
      'apt-get': (args) => {
        if (args[0] === 'install') programs['redis-server'] = redis('7.0.15');
        return { ok: true };
      },
    };
    const { locate, lines, calls } = machine(programs);
    expect(await locate()).toEqual({ path: 'redis-server', installed: true });
    expect(lines).toEqual(['no redis-server found: installing it with apt-get']);
    expect(calls.slice(1, 3)).toEqual([
      'env DEBIAN_FRONTEND=noninteractive apt-get update',
      'env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends redis-server',
    ]);
  });

  it('installs by sudo when that asks no password', async () => {
    const programs: Parameters<typeof machine>[0] = {
      apk: () => ({}),
      sudo: (args) => {
        if (args.includes('apk')) programs['redis-server'] = redis('7.2.5');
        return { ok: true };
      },
    };
    const { locate, calls } = machine(programs);
    expect(await locate(false)).toMatchObject({ installed: true });
    expect(calls).toContain('sudo -n env DEBIAN_FRONTEND=noninteractive apk add --no-cache redis');
  });

  it('installs Valkey where there is no Redis', async () => {
    const programs: Parameters<typeof machine>[0] = {
      pacman: (args) => {
        if (args.includes('valkey')) programs['valkey-server'] = () => ({ output: 'Valkey server v=8.1.0' });
        return { ok: !args.includes('redis') };
      },
    };
    expect(await machine(programs).locate()).toEqual({ path: 'valkey-server', installed: true });
  });

  it('names the command when installing takes root', async () => {
    const refusal = machine({ 'apt-get': () => ({}) }).locate(false);
    await expect(refusal).rejects.toThrow(RedisUnavailableError);
    await expect(refusal).rejects.toThrow(
      'there is no redis-server, and installing it takes root: run "sudo apt-get update && sudo apt-get install -y ' +
        '--no-install-recommends redis-server", or set REDIS_URL to a Redis elsewhere',
    );
  });

  it('says why the installation failed', async () => {
    const failing = machine({
      dnf: (args) => ({ ok: args[0] === '--version', output: 'x\nError: no network\n' }),
    });
    await expect(failing.locate()).rejects.toThrow(
      /could not be installed \(Error: no network\): run "sudo dnf install -y redis"/,
    );
  });

  it('asks for Redis where it knows no package manager', async () => {
    await expect(machine({}).locate()).rejects.toThrow(
      'there is no redis-server: install Redis 6.2 or newer, or set REDIS_URL',
    );
  });
});
