import type { RunCommand } from './command.js';
import { RedisUnavailableError } from './redis-unavailable-error.js';

interface PackageManager {
  readonly name: string;
  /** The command lines that install it, each tried when the one before it has failed. */
  readonly install: readonly (readonly string[])[];
  /** A command line that comes before the installation. */
  readonly refresh?: readonly string[];
  /** It installs for one user, and refuses root. */
  readonly forUser?: true;
}

const MANAGERS: readonly PackageManager[] = [
  {
    name: 'apt-get',
    refresh: ['apt-get', 'update'],
    install: [['apt-get', 'install', '-y', '--no-install-recommends', 'redis-server']],
  },
  manager('dnf', ['dnf', 'install', '-y']),
  manager('yum', ['yum', 'install', '-y']),
  manager('apk', ['apk', 'add', '--no-cache']),
  manager('pacman', ['pacman', '-Sy', '--noconfirm']),
  { name: 'brew', install: [['brew', 'install', 'redis']], forUser: true },
];

/** Distributions that no longer carry Redis carry Valkey. */
function manager(name: string, install: readonly string[]): PackageManager {
  return { name, install: ['redis', 'valkey'].map((packageName) => [...install, packageName]) };
}

export interface InstallOptions {
  readonly log: (line: string) => void;
  run: RunCommand;
  root: boolean;
}

/** Installs Redis by the system's package manager, saying so. Throws RedisUnavailableError with the command to run by hand. */
export async function installRedis({ log, run, root }: InstallOptions): Promise<void> {
  const found = await presentManager(run);
  if (found === undefined) {
    throw new RedisUnavailableError(
      'there is no redis-server',
      'install Redis 6.2 or newer, or set REDIS_URL to one elsewhere',
    );
  }
  const prefix = await privilege(found, run, root);
  if (prefix === undefined) throw byHand(found, 'there is no redis-server, and installing it takes root');
  log(`no redis-server found: installing it with ${found.name}`);
  // A refresh that fails, with one source of many out of reach, does not mean that the installation will.
  if (found.refresh) await execute(run, [...prefix, ...found.refresh]);
  const reason = await installFirst(found, prefix, run);
  if (reason !== undefined) throw byHand(found, `redis-server could not be installed (${reason})`);
}

async function presentManager(run: RunCommand): Promise<PackageManager | undefined> {
  for (const candidate of MANAGERS) {
    if ((await run(candidate.name, ['--version'])).ok) return candidate;
  }
  return undefined;
}

/** What comes before the command line; undefined if this user may not run it. */
async function privilege(
  found: PackageManager,
  run: RunCommand,
  root: boolean,
): Promise<string[] | undefined> {
  if (root || found.forUser) return root && found.forUser ? undefined : [];
  return (await run('sudo', ['-n', 'true'])).ok ? ['sudo', '-n'] : undefined;
}

/** Undefined once one has worked, else why the last did not. */
async function installFirst(
  found: PackageManager,
  prefix: string[],
  run: RunCommand,
): Promise<string | undefined> {
  let output = '';
  for (const command of found.install) {
    const result = await execute(run, [...prefix, ...command]);
    if (result.ok) return undefined;
    output = result.output;
  }
  return output.trim().split('\n').at(-1) || `${found.name} failed`;
}

function execute(run: RunCommand, command: readonly string[]): ReturnType<RunCommand> {
  // apt-get must not ask questions, and env passes its setting through sudo, which clears the environment.
  const [program, ...args] =
    command[0] === 'sudo' ? command.toSpliced(2, 0, ...QUIET) : [...QUIET, ...command];
  return run(program!, args);
}

const QUIET = ['env', 'DEBIAN_FRONTEND=noninteractive'];

function byHand(found: PackageManager, what: string): RedisUnavailableError {
  const sudo = found.forUser ? '' : 'sudo ';
  const commands = [found.refresh, found.install[0]].flatMap((command) =>
    command ? [`${sudo}${command.join(' ')}`] : [],
  );
  return new RedisUnavailableError(
    what,
    `run "${commands.join(' && ')}", or set REDIS_URL to a Redis elsewhere`,
  );
}
