import { runCommand } from './command.js';
import type { RunCommand } from './command.js';
import { installRedis } from './package-manager.js';
import { RedisUnavailableError } from './redis-unavailable-error.js';
import { isSupported, SUPPORTED } from './redis-version.js';

export interface RedisBinary {
  readonly path: string;
  /** Whether it was installed just now. */
  readonly installed: boolean;
}

export interface LocateOptions {
  readonly log: (line: string) => void;
  /** The user is root. */
  root?: boolean;
  run?: RunCommand;
}

/** In the order of preference: PATH, then where packages put it that a service's PATH may lack. Valkey is Redis by another name. */
const CANDIDATES = ['redis-server', 'valkey-server'].flatMap((name) => [
  name,
  ...['/usr/bin', '/usr/local/bin', '/usr/sbin', '/opt/homebrew/bin', '/usr/local/opt/redis/bin'].map(
    (path) => `${path}/${name}`,
  ),
]);

/** A `redis-server` of this machine that is new enough, installed if there is none. Throws RedisUnavailableError. */
export async function locateRedisServer(options: LocateOptions): Promise<RedisBinary> {
  const { log, run = runCommand, root = process.getuid?.() === 0 } = options;
  const found = await find(run);
  if (found !== undefined) return { path: found, installed: false };
  await installRedis({ log, run, root });
  const installed = await find(run);
  if (installed !== undefined) return { path: installed, installed: true };
  throw new RedisUnavailableError(
    'redis-server was installed but does not run',
    `try "redis-server --version", or ${ELSEWHERE}`,
  );
}

/** The first candidate that is new enough. A machine that has only old ones is not touched. */
async function find(run: RunCommand): Promise<string | undefined> {
  const tooOld: string[] = [];
  for (const path of CANDIDATES) {
    const version = versionIn((await run(path, ['--version'])).output);
    if (version === undefined) continue;
    if (isSupported(version)) return path;
    tooOld.push(`${path} is version ${version}`);
  }
  if (tooOld.length === 0) return undefined;
  throw new RedisUnavailableError(tooOld[0]!, `install Redis ${SUPPORTED} or newer, or ${ELSEWHERE}`);
}

/** From "Redis server v=7.0.15 sha=…". */
function versionIn(output: string): string | undefined {
  return /^(?:Redis|Valkey) server v=([\d.]+)/m.exec(output)?.[1];
}

const ELSEWHERE = 'set REDIS_URL to a Redis elsewhere';
